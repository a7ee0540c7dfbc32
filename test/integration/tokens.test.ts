import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createLog } from '../../src/platform/log.ts';
import type { TokenStore } from '../../src/storage/api/token-store.ts';
import { createTokenStore } from '../../src/storage/postgres/api/token-store.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { runCli } from '../support/run-cli.ts';
import { freshDatabase } from '../support/servers.ts';

let folder = '';
let config = '';
let pool: Pool;
let tokens: TokenStore;
const log = createLog('error', { write: () => undefined });
const BY = { name: 'kim', requestId: 'r-1' };
const READ = { scopes: ['read'], models: null, lifetimeMs: null } as const;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'driftd-tokens-'));
  config = join(folder, 'driftd.yaml');
  const url = await freshDatabase();
  await writeFile(config, `postgres: { url: ${JSON.stringify(url)} }\n`);
  pool = createPool({ url, max: 4, applicationName: 'test', log });
  await migrate(pool, log);
  tokens = createTokenStore(pool);
});
afterAll(async () => {
  await pool.end();
  await rm(folder, { recursive: true });
});

async function issue(name: string, lifetimeMs: number | null = null) {
  const issued = await tokens.create({ ...READ, name, lifetimeMs }, BY);
  if (issued === null) throw new Error(`the name ${name} is taken`);
  return issued;
}

async function auditOf(target: string): Promise<unknown[]> {
  const { rows } = await pool.query<Record<string, unknown>>(
    'SELECT actor, action, request_id FROM audit WHERE target = $1 ORDER BY id',
    [target],
  );
  return rows;
}

describe('tokens', () => {
  it('are known by their text, of which nothing but a hash is stored', async () => {
    const { row, token } = await issue('plain');
    expect(token).toMatch(/^drift_[0-9a-f]{16}_[\w-]{43}$/);
    expect(await tokens.authenticate(token)).toMatchObject({ id: row.id, scopes: ['read'] });
    const { rows } = await pool.query<{ stored: string }>(
      'SELECT row_to_json(t)::text AS stored FROM api_token t WHERE name = $1',
      ['plain'],
    );
    expect(rows[0]?.stored).not.toContain(token.slice(-43));
    expect((await tokens.find(row.id))?.lastUsedAt).not.toBeNull();
  });

  it.each([
    [
      'another secret under its id',
      (token: string) => `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`,
    ],
    ['its secret under another id', (token: string) => `drift_${'0'.repeat(16)}${token.slice(22)}`],
    ['its end cut off', (token: string) => token.slice(0, -1)],
    ['something behind it', (token: string) => `${token}\n`],
    ['nothing', () => ''],
    ['a NUL', () => 'drift_\u0000'],
  ])('are not known by %s', async (what, change) => {
    const { token } = await issue(`wrong: ${what}`);
    expect(await tokens.authenticate(change(token))).toBeNull();
  });

  it('end when they expire or are revoked, and cannot be revoked or rotated then', async () => {
    const { row, token } = await issue('short', 3_600_000);
    expect(await tokens.authenticate(token)).not.toBeNull();
    await pool.query(`UPDATE api_token SET expires_at = now() WHERE id = $1`, [row.id]);
    expect(await tokens.authenticate(token)).toBeNull();
    expect(await tokens.rotate(row.id, 0, BY)).toBeNull();
    const revoked = await issue('revoked');
    expect(await tokens.revoke(revoked.row.id, BY)).toBe(true);
    expect(await tokens.revoke(revoked.row.id, BY)).toBe(false);
    expect(await tokens.authenticate(revoked.token)).toBeNull();
    expect(await tokens.create({ ...READ, name: 'revoked' }, BY)).toBeNull();
  });

  it('rotate: the old text goes on for the grace only, and ends with the token', async () => {
    const { row, token } = await issue('turning');
    const next = await tokens.rotate(row.id, 60_000, BY);
    expect(await tokens.authenticate(token)).toMatchObject({ id: row.id });
    expect(await tokens.authenticate(next?.token ?? '')).toMatchObject({ id: row.id });
    const last = await tokens.rotate(row.id, 0, BY);
    expect(await tokens.authenticate(token)).toBeNull();
    expect(await tokens.authenticate(next?.token ?? '')).toBeNull();
    expect(await tokens.authenticate(last?.token ?? '')).not.toBeNull();
    await tokens.rotate(row.id, 60_000, BY);
    await tokens.revoke(row.id, BY);
    expect(await tokens.authenticate(last?.token ?? '')).toBeNull();
    expect(await auditOf('turning')).toEqual(
      ['create', 'rotate', 'rotate', 'rotate', 'revoke'].map((action) => ({
        actor: 'kim',
        action: `token.${action}`,
        request_id: 'r-1',
      })),
    );
    await expect(pool.query(`UPDATE audit SET actor = 'me'`)).rejects.toThrow('never changes');
  });
});

describe('driftd token', () => {
  it('makes the first token, shows it once, lists, rotates and revokes it', async () => {
    const common = ['--config', config];
    const made = await runCli(
      'token',
      'create',
      'ci',
      '--scope',
      'read',
      'baseline:write',
      '--model',
      'm',
      '--expires',
      '90d',
      ...common,
    );
    expect(made).toMatchObject({ code: 0, err: expect.stringContaining('only time') as string });
    const token = made.out.trim();
    expect(await tokens.authenticate(token)).toMatchObject({
      name: 'ci',
      scopes: ['read', 'baseline:write'],
      models: ['m'],
    });
    const listed = await runCli('token', 'list', ...common);
    expect(listed.out).toMatch(/^token +scopes +models +state +last used\n/);
    expect(listed.out).toMatch(/^ci +read,baseline:write +m +until 20\S+ +20\S+$/m);
    expect(listed.out).not.toContain(token);
    const rotated = await runCli(
      'token',
      'rotate',
      'ci',
      '--grace',
      '1h',
      '--format',
      'json',
      ...common,
    );
    const { token: next } = JSON.parse(rotated.out) as { token: string };
    expect(await tokens.authenticate(next)).toMatchObject({ name: 'ci' });
    expect(await runCli('token', 'revoke', 'ci', ...common)).toMatchObject({
      code: 0,
      out: 'The token ci is revoked.\n',
    });
    expect(await tokens.authenticate(next)).toBeNull();
  });

  it.each([
    [['create', 'plain', '--scope', 'read'], 'there is a token "plain" already'],
    [['create', 'x'], '--scope'],
    [['create', 'x', '--scope', 'write'], 'Allowed choices are read, baseline:write'],
    [['create', ' x', '--scope', 'read'], 'no spaces at the ends'],
    [['create', 'x', '--scope', 'read', '--expires', 'soon'], 'Write it like 12h or 90d'],
    [['revoke', 'nobody'], 'there is no token "nobody"'],
    [['rotate', 'revoked'], 'has ended already'],
  ])('%j is refused', async (argv, message) => {
    const refused = await runCli('token', ...argv, '--config', config);
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toContain(message);
  });
});
