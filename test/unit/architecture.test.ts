import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { breachesOf, unnamedFolders, vanishedFolders } from '../support/architecture.ts';
import { IMPORT_TABLE } from '../support/architecture-rules.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

function readSources(): Map<string, string> {
  const src = path.join(ROOT, 'src');
  const names = readdirSync(src, { recursive: true, encoding: 'utf8' });
  return new Map(
    names
      .filter((name) => name.endsWith('.ts'))
      .map((name) => [name.split(path.sep).join('/'), readFileSync(path.join(src, name), 'utf8')]),
  );
}

/** What the checker says of one planted file. */
function check(file: string, code: string): string[] {
  return breachesOf(new Map([[file, code]]));
}

describe('the source tree', () => {
  const sources = readSources();

  it('is found', () => {
    expect(sources.has('main.ts')).toBe(true);
    expect(sources.size).toBeGreaterThan(50);
  });

  it('keeps the import table and the limits of size', () => {
    expect(breachesOf(sources)).toEqual([]);
  });

  it('is told in ARCHITECTURE.md, folder by folder', () => {
    const document = readFileSync(path.join(ROOT, 'ARCHITECTURE.md'), 'utf8');
    expect(unnamedFolders(sources, document)).toEqual([]);
    expect(vanishedFolders(sources, document)).toEqual([]);
  });
});

describe('a planted breach is caught', () => {
  it.each([
    ['core/a.ts', "import { readFileSync } from 'node:fs';", 'node:fs'],
    ['core/a.ts', "import { Pool } from 'pg';", 'pg'],
    [
      'core/a.ts',
      "import type { Clock } from '../platform/clock.ts';",
      '../platform/clock.ts (type)',
    ],
    [
      'core/statistic/a.ts',
      "export * from '../../storage/tile-store.ts';",
      '../../storage/tile-store.ts',
    ],
    ['core/a.ts', "type T = import('../compare/x.ts').T;", '../compare/x.ts (type)'],
    ['platform/a.ts', "import { z } from 'zod';", 'zod'],
    ['platform/a.ts', "import { a } from '../core/a.ts';", '../core/a.ts'],
    ['config/a.ts', "import { a } from '../core/evaluate/a.ts';", '../core/evaluate/a.ts'],
    ['config/a.ts', "import { a } from '../storage/tile-store.ts';", '../storage/tile-store.ts'],
    ['storage/a.ts', "import { a } from './postgres/pool.ts';", './postgres/pool.ts'],
    ['storage/a.ts', "import { Pool } from 'pg';", 'pg'],
    ['storage/postgres/a.ts', "import { a } from '../../compare/a.ts';", '../../compare/a.ts'],
    ['storage/postgres/a.ts', "import { a } from 'kafkajs';", 'kafkajs'],
    ['schedule/a.ts', "import { a } from '../compare/a.ts';", '../compare/a.ts'],
    ['schedule/a.ts', "import { a } from '../storage/postgres/a.ts';", '../storage/postgres/a.ts'],
    ['ingest/a.ts', "import { a } from '../accumulate/a.ts';", '../accumulate/a.ts'],
    ['ingest/a.ts', "import { a } from './kafka/a.ts';", './kafka/a.ts'],
    ['ingest/kafka/a.ts', "import { a } from '../replay/a.ts';", '../replay/a.ts'],
    ['ingest/kafka/a.ts', "import { Client } from 'pg';", 'pg'],
    ['accumulate/a.ts', "import { a } from '../ingest/a.ts';", '../ingest/a.ts'],
    ['accumulate/a.ts', "import { a } from '../config/load.ts';", '../config/load.ts'],
    ['compare/a.ts', "import { a } from '../storage/postgres/a.ts';", '../storage/postgres/a.ts'],
    ['notify/a.ts', "import { a } from '../compare/a.ts';", '../compare/a.ts'],
    ['notify/email/a.ts', "import { a } from '../slack/a.ts';", '../slack/a.ts'],
    ['expose/a.ts', "const a = await import('../notify/a.ts');", '../notify/a.ts'],
    ['expose/http/a.ts', "import { a } from '../metrics/a.ts';", '../metrics/a.ts'],
    ['app/a.ts', "import { a } from '../cli/a.ts';", '../cli/a.ts'],
    ['app/a.ts', "import { Kafka } from 'kafkajs';", 'kafkajs'],
    ['cli/a.ts', "import { a } from '../storage/postgres/a.ts';", '../storage/postgres/a.ts'],
    ['main.ts', "import { a } from './app/a.ts';", './app/a.ts'],
    ['app/a.ts', "import { a } from '../../scripts/demo.ts';", '../../scripts/demo.ts'],
    ['compare/a.ts', 'const a = await import(name);', '(computed)'],
  ])('%s: %s', (file, code, target) => {
    expect(check(file, code)).toEqual([`${file} must not import ${target}`]);
  });

  it.each([
    ['const a = Date.now();', 'Date'],
    ['const a = new Date();', 'Date'],
    ['const a = Math.random();', 'Math.random'],
    ['const a = process.env;', 'process'],
    ['const a = performance.now();', 'performance'],
    ['setTimeout(f, 1);', 'setTimeout'],
    ['async function f(): P {}', 'async'],
    ['const f = async () => 1;', 'async'],
    ['const a = await f();', 'await'],
    ['const f = () => Promise.resolve(1);', 'Promise'],
    ['const f = () => new Promise(g);', 'Promise'],
  ])('core: %s', (code, name) => {
    expect(check('core/a.ts', code)).toEqual([`core/a.ts must not use ${name}`]);
  });

  it('of size, of place, of the document', () => {
    expect(check('core/a.ts', '\n'.repeat(401))).toEqual(['core/a.ts has 401 lines']);
    expect(check('utils/a.ts', '')).toEqual([
      'utils/a.ts belongs to no folder of the import table',
    ]);
    const crowd = new Map(Array.from({ length: 13 }, (_, i) => [`core/f${String(i)}.ts`, '']));
    expect(breachesOf(crowd)).toEqual(['core holds 13 files: split it']);
    const files = new Map([['core/window/a.ts', '']]);
    expect(unnamedFolders(files, 'about `src/core/`')).toEqual(['core/window']);
    expect(vanishedFolders(files, '`src/core/window/` and `src/mute/`')).toEqual(['mute']);
  });
});

describe('what the table allows passes', () => {
  it.each([
    [
      'core/a.ts',
      "import { mean } from 'simple-statistics'; export const later = { Date: 1 }.Date;",
    ],
    ['storage/postgres/a.ts', "import type { T } from '../tile-store.ts'; import pg from 'pg';"],
    [
      'ingest/kafka/a.ts',
      "import type { S } from '../event-source.ts'; import { K } from 'kafkajs';",
    ],
    ['compare/a.ts', "import type { C } from '../config/types.ts'; const a = await f();"],
    ['app/a.ts', "import { a } from '../storage/postgres/a.ts';"],
    ['main.ts', "import { a } from './cli/cli.ts';"],
  ])('%s: %s', (file, code) => {
    expect(check(file, code)).toEqual([]);
  });

  it('has a rule for every top folder', () => {
    const tops = new Set([...readSources().keys()].map((file) => file.split('/')[0]));
    const ruled = new Set(IMPORT_TABLE.map((rule) => rule.from.split('/')[0]));
    expect([...tops].filter((top) => !ruled.has(top))).toEqual([]);
  });
});
