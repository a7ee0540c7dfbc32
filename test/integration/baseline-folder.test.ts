import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import { createBaselineFolder } from '../../src/app/baselines/files.ts';
import type { BaselineFolder } from '../../src/app/baselines/files.ts';
import { keepBaselines } from '../../src/app/baselines/keep.ts';
import { readBaselineFile } from '../../src/app/baselines/reading/read-file.ts';
import { createBaselineDesk } from '../../src/app/baselines/service.ts';
import { createBaselines } from '../../src/app/baselines/wire.ts';
import type { BaselineDesk } from '../../src/app/baselines/direct.ts';
import type { BaselineDeskDeps } from '../../src/app/baselines/service.ts';
import type { DriftdConfig, ModelConfig } from '../../src/config/types.ts';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { createBaselineStore } from '../../src/storage/postgres/baseline-store.ts';
import { createCatalogStore } from '../../src/storage/postgres/catalog-store.ts';
import { createEvaluationStore } from '../../src/storage/postgres/evaluation-store.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { createTickStore } from '../../src/storage/postgres/tick-store.ts';
import { createTileReader } from '../../src/storage/postgres/tile-reader.ts';
import { createNormal } from '../support/baselines.ts';
import { freshDatabase } from '../support/servers.ts';

const normal = createNormal(21);
const log = createLog('silent');
const rows = (level: number): string =>
  ['x', ...Array.from({ length: 500 }, () => String(level + normal()))].join('\n');

let pool: Pool;
let folder = '';
let desk: BaselineDesk;
let config: DriftdConfig;
let deps: BaselineDeskDeps;
let keeping: () => Promise<void>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'driftd-folder-'));
  await mkdir(join(folder, 'baselines'));
  await mkdir(join(folder, 'others'));
  await writeFile(join(folder, 'baselines', 'm.csv'), rows(0));
  await writeFile(
    join(folder, 'driftd.yaml'),
    `postgres: { url: 'postgres://unused/unused' }
baselines: { directory: baselines }
models: [{ name: m }]
`,
  );
  config = await loadConfig(join(folder, 'driftd.yaml'), {
    env: {},
    validateCron: () => null,
  });
  pool = createPool({ url: await freshDatabase(), max: 3, applicationName: 'test', log });
  await migrate(pool, log);
  const baselines = createBaselineStore(pool);
  deps = {
    baselines,
    catalog: createCatalogStore(pool),
    tiles: createTileReader(pool),
    evaluations: createEvaluationStore(pool),
    ticks: createTickStore(pool),
    config,
    clock: systemClock,
    read: readBaselineFile,
    replay: () => Promise.reject(new Error('nothing is replayed')),
  };
  desk = createBaselineDesk(deps);
  const files = createBaselineFolder(config, desk, log);
  await files.load();
  keeping = keepBaselines(baselines, files, log, 50);
});
afterAll(async () => {
  await keeping();
  await pool.end();
  await rm(folder, { recursive: true });
});

/** There whole or not at all: the folder is looked at all the time. */
async function place(file: string, text: string): Promise<void> {
  const beside = join(folder, 'being-written');
  await writeFile(beside, text);
  await rename(beside, file);
}

const states = async (): Promise<string[]> => (await desk.list('m')).map(({ state }) => state);

it('files that change are activated, files that cannot be taken change nothing, and what is scheduled comes', async () => {
  const file = join(folder, 'baselines', 'm.csv');
  expect(await states()).toEqual(['active']);
  await place(file, rows(3));
  await vi.waitUntil(async () => (await states()).length === 2, { timeout: 20_000 });
  await expect.poll(states).toEqual(['retired', 'active']);

  const warned = vi.spyOn(log, 'warn');
  await place(file, 'x\nnot a number');
  await vi.waitUntil(() => warned.mock.calls.length > 0, { timeout: 20_000 });
  expect(warned.mock.calls[0]).toMatchObject([
    { model: 'm', file: 'm.csv', err: { message: expect.stringContaining('1 rows') as string } },
    'the baseline file is not taken',
  ]);
  expect(await states()).toEqual(['retired', 'active']);

  // What was taken back on purpose is not brought again by the file that lies there.
  const by = { actor: 'ann', reason: 'too early' };
  await place(file, rows(5));
  await expect.poll(states).toEqual(['retired', 'retired', 'active']);
  await desk.rollback('m', by);
  await writeFile(`${file}.gz`, '');
  await rm(`${file}.gz`);
  await desk.activate('m', 1, by, Date.now() + 500);
  await expect.poll(states).toEqual(['active', 'retired', 'retired']);
  expect((await desk.events('m')).slice(-2)).toMatchObject([
    { version: 1, action: 'scheduled', actor: 'ann' },
    { version: 1, action: 'activated', actor: 'driftd', reason: 'as scheduled' },
  ]);
  expect((await desk.list('m'))[0]?.activateAt).toBeNull();
  // Of one mistake one word, not one a look.
  expect(warned.mock.calls.filter(([told]) => 'err' in (told as object)).length).toBeLessThan(3);
});

/** The folder of another model, as a start or a reload makes it. */
function folderOf(
  name: string,
  features: ModelConfig['features'] = new Map(),
  attributes: readonly string[] = [],
): BaselineFolder {
  const [model] = config.models;
  if (model === undefined) throw new Error('no model');
  const directory = join(folder, 'others');
  const own = {
    ...config,
    baselines: { directory },
    models: [{ ...model, name, features, attributes }],
  };
  return createBaselineFolder(own, createBaselineDesk({ ...deps, config: own }), log);
}
const statesOf = async (model: string): Promise<string[]> =>
  (await desk.list(model)).map(({ state }) => state);

it('a version that only the folder replaced comes back with its file, one that somebody took back does not', async () => {
  const file = join(folder, 'others', 'back.csv');
  const by = { actor: 'ann', reason: 'too early' };
  const [first, second] = [rows(0), rows(3)];
  for (const text of [first, second]) {
    await writeFile(file, text);
    await folderOf('back').load();
  }
  expect(await statesOf('back')).toEqual(['retired', 'active']);
  await writeFile(file, first);
  expect([...(await folderOf('back').check())]).toEqual(['back']);
  await folderOf('back').load();
  expect(await statesOf('back')).toEqual(['active', 'retired']);
  expect([...(await folderOf('back').check())]).toEqual([]);

  await desk.activate('back', 2, by, null);
  expect([...(await folderOf('back').check())]).toEqual([]);
  await folderOf('back').load();
  expect(await statesOf('back')).toEqual(['retired', 'active']);
});

it('a feature that is ignored for a while is watched again, by the version that was', async () => {
  const lines = rows(0).split('\n');
  const both = lines.map((x, i) => (i === 0 ? 'x,y' : `${x},${x}`)).join('\n');
  await writeFile(join(folder, 'others', 'ignoring.csv'), both);
  const y = { kind: null, role: null, tier: 'ignore', categories: null, unit: null } as const;
  const states = [];
  for (const features of [undefined, new Map([['y', y]]), undefined]) {
    await folderOf('ignoring', features).load();
    states.push((await statesOf('ignoring')).join(' '));
  }
  expect(states).toEqual(['active', 'retired active', 'active retired']);
});

it('the log tells which values of an attribute get no baseline of their own', async () => {
  const lines = rows(0).split('\n');
  const text = lines.map((line, i) => `${line},${i === 0 ? 'origin' : 'JFK'}`).join('\n');
  await writeFile(join(folder, 'others', 'sliced.csv'), text);
  const warned = vi.spyOn(log, 'warn').mockClear();
  await folderOf('sliced', new Map(), ['origin']).load();
  expect(warned.mock.calls).toContainEqual([
    { model: 'sliced', file: 'sliced.csv' },
    expect.stringContaining('1 of 1 values of origin gets no baseline of its own') as string,
  ]);
});

it('the log tells of declared features that the baseline does not have, once it has one', async () => {
  const [model] = config.models;
  if (model === undefined) throw new Error('no model');
  const feature = {
    kind: null,
    role: null,
    tier: 'critical',
    categories: null,
    unit: null,
  } as const;
  const features = new Map([['xx', feature]]);
  const own = {
    ...config,
    baselines: { directory: null },
    models: [{ ...model, name: 'stray', features }],
  };
  const warned = vi.spyOn(log, 'warn').mockClear();
  const baselines = createBaselines({ ...deps, config: own, log });
  await baselines.load();
  expect(warned).not.toHaveBeenCalled();
  await writeFile(join(folder, 'others', 'stray.csv'), rows(0));
  await folderOf('stray', features).load();
  await baselines.load();
  expect(warned.mock.calls).toContainEqual([
    { model: 'stray', features: ['xx'] },
    expect.stringContaining('does not have: xx (did you mean x?); what it says') as string,
  ]);
});
