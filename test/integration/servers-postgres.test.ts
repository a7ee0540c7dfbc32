import { Client } from 'pg';
import { describe, expect, it } from 'vitest';
import { startPostgres } from '../../scripts/servers/postgres.ts';
import { freshDatabase } from '../support/servers.ts';

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe("the run's Postgres", () => {
  it('gives every caller an empty database of its own', async () => {
    const [first, second] = await Promise.all([freshDatabase(), freshDatabase()]);
    expect(first).not.toBe(second);
    await query(first, 'CREATE TABLE only_here (id int)');
    const tables = "SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = 'public'";
    expect(await query(first, tables)).toEqual([{ n: 1 }]);
    expect(await query(second, tables)).toEqual([{ n: 0 }]);
  });
});

describe('startPostgres', () => {
  it('keeps committed rows through kill9 and halt, and closes its port on stop', async () => {
    const server = await startPostgres({ durable: true });
    const url = await server.createDatabase();
    await query(url, 'CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)');
    const before = server.pid;
    await server.kill9();
    await expect(query(url, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/);
    await server.restart();
    expect(server.pid).not.toBe(before);
    expect(await query(url, 'SELECT id FROM kept')).toEqual([{ id: 7 }]);
    await server.halt();
    await server.restart();
    expect(await query(url, 'SELECT id FROM kept')).toEqual([{ id: 7 }]);
    await server.stop();
    await server.stop();
    await expect(query(url, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/);
  });
});
