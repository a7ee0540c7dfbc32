import { expect, it } from 'vitest';

import { DriftdError } from '../../../src/platform/errors.ts';
import { lostAsUnreachable } from '../../../src/storage/postgres/pool.ts';

const URL = 'postgres://driftd:secret@db.example:5433/driftd';
const failsWith = (error: Error) => lostAsUnreachable(URL, () => Promise.reject(error));

it('a database that goes away in the middle of a start is told as one that is not there', async () => {
  for (const error of [
    new Error('Connection terminated unexpectedly'),
    Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }),
    Object.assign(new Error('the database system is shutting down'), {
      code: '57P03',
      severity: 'FATAL',
    }),
  ]) {
    const told = await failsWith(error).catch((thrown: unknown) => thrown);
    expect(told).toMatchObject({ code: 'DATABASE_UNREACHABLE', cause: error });
    expect(String(told)).toContain('db.example:5433/driftd was lost during the start');
    expect(String(told)).not.toContain('secret');
  }
});

it('everything else is told as it is', async () => {
  const defect = new TypeError('x is not a function');
  await expect(failsWith(defect)).rejects.toBe(defect);
  const own = new DriftdError('KAFKA_UNREACHABLE', 'no broker answers: timeout');
  await expect(failsWith(own)).rejects.toBe(own);
  expect(await lostAsUnreachable(URL, () => Promise.resolve(7))).toBe(7);
});
