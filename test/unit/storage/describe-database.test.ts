import { expect, it } from 'vitest';

import type { Pool } from '../../../src/storage/postgres/pool.ts';
import { assertReachable, describeDatabase } from '../../../src/storage/postgres/pool.ts';

it('says where a database is, on one server or several', () => {
  expect(describeDatabase('postgres://driftd:secret@db:5433/driftd')).toBe('db:5433/driftd');
  expect(describeDatabase('postgresql://driftd:secret@a,b:5433/driftd?sslmode=require')).toBe(
    'a:5432/driftd or b:5433/driftd',
  );
  expect(describeDatabase('postgres://a:1,b:2/driftd')).toBe('a:1/driftd or b:2/driftd');
});

it('no password is taken for a server, whatever is in it', () => {
  for (const password of ['12345,abc', ',abc', '12345,', '12345,a@c,d', '1@2', '%2C,%40']) {
    const one = `postgres://driftd:${password}@db/driftd`;
    expect(describeDatabase(one)).toBe('db:5432/driftd');
    expect(describeDatabase(`postgres://driftd:${password}@a,b:1/driftd`)).toBe(
      'a:5432/driftd or b:1/driftd',
    );
  }
});

it('of an address that cannot be told from its password nothing is said', () => {
  for (const password of ['12345/abc', '12345?abc', '12345#abc', '12345,6/abc', '/,', 'no port/']) {
    expect(describeDatabase(`postgres://driftd:${password}@db/driftd`)).toBe(
      'the configured address',
    );
  }
  expect(describeDatabase('host=db password=secret')).toBe('the configured address');
});

it('nor is it by what the system says of the attempt', async () => {
  const pool = {
    query: () => Promise.reject(new Error('connect ECONNREFUSED 127.0.0.1:12345')),
  } as unknown as Pool;
  const told = await assertReachable(pool, 'postgres://driftd:12345/abc@db/driftd').catch(String);
  expect(told).toContain('/ is written %2F');
  expect(told).not.toContain('12345');
});
