import { afterEach, describe, expect, it } from 'vitest';

import { sealBaseline } from '../../src/core/baseline/document/document.ts';
import type { Baseline } from '../../src/core/baseline/types.ts';
import { historyOf } from '../../src/app/baselines/declarations.ts';
import type { FeatureResult } from '../../src/core/evaluate/types.ts';
import { createBaselineStore } from '../../src/storage/postgres/baseline-store.ts';
import type { BaselineStore } from '../../src/storage/baseline-store.ts';
import { baselineFromList, createNormal, rowsOver } from '../support/baselines.ts';
import type { Row } from '../support/baselines.ts';
import { freshDatabase } from '../support/servers.ts';
import { DAY, createWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const START = Date.UTC(2024, 0, 1);
const LIVE = START + 14 * DAY;
const ANN = { actor: 'ann', reason: 'retrained' };

const FEW = { level: 'warning', check: 'too-few-rows', feature: null, text: 'few rows' } as const;

const normal = createNormal(7);
/** x around a level, and a category that does not change. */
const values = (level: number): Row['values'] => ({ x: level + normal(), c: 'a' });
const training = (level: number): Row[] =>
  rowsOver(START, START + 14 * DAY, 20, () => values(level));

const worlds: World[] = [];
async function newWorld(): Promise<{ world: World; store: BaselineStore }> {
  const world = await createWorld(await freshDatabase(), { rows: training(0) });
  worlds.push(world);
  return { world, store: createBaselineStore(world.pool) };
}
afterEach(async () => {
  for (const { pool } of worlds.splice(0)) await pool.end();
});

/** A baseline of these rows, counted on the binnings of the active one. */
async function nextBaseline(
  { modelId, catalog }: World,
  store: BaselineStore,
  rows: readonly Row[],
): Promise<Baseline> {
  const active = await store.active(modelId);
  const history = historyOf(active?.baseline ?? null, await catalog.historyBinnings(modelId));
  return baselineFromList('flights', rows, false, history);
}

const verdictOf = (results: readonly FeatureResult[], feature: string): string | undefined =>
  results.find((result) => result.feature === feature)?.verdict;

describe('versions', () => {
  it('go from candidate to active to retired and back, each step on the record', async () => {
    const { world, store } = await newWorld();
    const { modelId } = world;
    const second = await store.add(await nextBaseline(world, store, training(5)), new Map(), {
      ...ANN,
      sourceFingerprint: 'a'.repeat(64),
      warnings: [FEW],
    });
    expect(second).toMatchObject({ version: 2, state: 'candidate', warnings: [FEW] });
    await store.activate(modelId, 2, ANN);
    await store.activate(modelId, 2, ANN);
    expect((await store.list(modelId)).map(({ state }) => state)).toEqual(['retired', 'active']);
    expect(await store.rollback(modelId, { actor: 'bob', reason: 'noisy' })).toMatchObject({
      version: 1,
      state: 'active',
    });
    expect(await store.rollback(modelId, ANN)).toBeNull();
    const record = await store.events(modelId);
    expect(
      record.map(({ version, action, actor, reason }) => [version, action, actor, reason]),
    ).toEqual([
      [1, 'added', 'driftd', ''],
      [1, 'activated', 'driftd', ''],
      [2, 'added', 'ann', 'retrained'],
      [2, 'activated', 'ann', 'retrained'],
      [1, 'rolled-back', 'bob', 'noisy'],
    ]);
    const { rows } = await world.pool.query<{ action: string; actor: string; target: string }>(
      'SELECT action, actor, target, detail FROM audit ORDER BY id',
    );
    expect(rows.at(-1)).toEqual({
      action: 'baseline.rolled-back',
      actor: 'bob',
      target: 'flights',
      detail: { version: 1, reason: 'noisy' },
    });
    expect(rows).toHaveLength(record.length);
  });

  it('a further rollback goes further back, never to what was left', async () => {
    const { world, store } = await newWorld();
    for (const level of [1, 2]) {
      const { version } = await store.add(
        await nextBaseline(world, store, training(level)),
        new Map(),
      );
      await store.activate(world.modelId, version, ANN);
    }
    const versions = [];
    for (let i = 0; i < 3; i += 1)
      versions.push((await store.rollback(world.modelId, ANN))?.version);
    expect(versions).toEqual([2, 1, undefined]);
  });

  it('of one source or one content are one, also when they come at once', async () => {
    const { world, store } = await newWorld();
    const rows = training(5);
    const baseline = await nextBaseline(world, store, rows);
    const origin = { ...ANN, sourceFingerprint: 'b'.repeat(64), warnings: [] };
    const added = await Promise.all(
      Array.from({ length: 4 }, () => store.add(baseline, new Map(), origin)),
    );
    expect(added.map(({ version }) => version)).toEqual([2, 2, 2, 2]);
    await store.activate(world.modelId, 2, ANN);
    // Counted on the binnings of today its content is another; its source is not.
    const again = await nextBaseline(world, store, rows);
    expect(again.fingerprint).not.toBe(baseline.fingerprint);
    expect((await store.add(again, new Map(), origin)).version).toBe(2);
    expect(await store.list(world.modelId)).toHaveLength(2);
  });

  it('become active by themselves when their time has come, once', async () => {
    const { world, store } = await newWorld();
    const { modelId } = world;
    await store.add(await nextBaseline(world, store, training(5)), new Map());
    await store.schedule(modelId, 2, Date.now() + 3_600_000, ANN);
    expect(await store.activateDue()).toEqual([]);
    await store.schedule(modelId, 2, Date.now() - 1_000, ANN);
    const due = await Promise.all([store.activateDue(), store.activateDue()]);
    expect(due.flat().map(({ version, state }) => [version, state])).toEqual([[2, 'active']]);
    expect(await store.activateDue()).toEqual([]);
    expect(await store.schedule(modelId, 9, null, ANN)).toBeNull();
  });

  it('never change once stored, and damage is noticed', async () => {
    const { world, store } = await newWorld();
    await expect(world.pool.query('UPDATE baseline SET row_count = 1')).rejects.toThrow(
      'never changes',
    );
    await expect(world.pool.query(`UPDATE baseline_feature SET segment = 'x'`)).rejects.toThrow(
      'never changes',
    );
    await expect(world.pool.query(`UPDATE baseline_event SET actor = 'x'`)).rejects.toThrow(
      'never changes',
    );
    for (const table of ['baseline', 'baseline_event'])
      await expect(world.pool.query(`DELETE FROM ${table}`)).rejects.toThrow('stays as long as');
    for (const change of ['DELETE FROM audit', 'TRUNCATE audit', `UPDATE audit SET actor = 'x'`])
      await expect(world.pool.query(change)).rejects.toThrow('what was done is done');
    await world.pool.query(`ALTER TABLE baseline_feature DISABLE TRIGGER ALL;
      UPDATE baseline_feature SET document = jsonb_set(document, '{missing}', '7')`);
    await expect(store.active(world.modelId)).rejects.toThrow(
      'the stored baseline 1 is damaged: x in all is not what was stored',
    );
  });
});

describe('a candidate', () => {
  const live = (world: World) =>
    world.pool
      .query<{ name: string; kind: string; role: string; tier: string; gone: boolean }>(
        'SELECT name, kind, role, tier, retired_at IS NOT NULL AS gone FROM feature ORDER BY id',
      )
      .then(({ rows }) => rows.map((row) => Object.values(row).join(' ')));
  /** Rows without x, with another: c is the prediction now. */
  const other = (): Baseline => {
    const rows = rowsOver(START, START + DAY, 60, () => ({ c: 'a', y: normal() }));
    const made = baselineFromList('flights', rows, false);
    const features = made.features.map((feature) =>
      feature.name === 'c' ? { ...feature, role: 'prediction' as const } : feature,
    );
    return sealBaseline({ ...made, features });
  };

  it('changes nothing of the live features before it is active, and a rollback takes all back', async () => {
    const { world, store } = await newWorld();
    const { modelId, catalog } = world;
    const before = ['x numeric input standard false', 'c categorical input standard false'];
    expect(await live(world)).toEqual(before);
    await store.add(other(), new Map([['c', { tier: 'critical' }]]), undefined);
    expect(await live(world)).toEqual([...before, 'y numeric input standard true']);
    const namesOf = (features: readonly { readonly name: string }[]): string[] =>
      features.map(({ name }) => name);
    expect(namesOf(await catalog.features(modelId))).toEqual(['x', 'c']);
    // Counted already, so that it can be tried; judged it is not.
    expect(namesOf((await catalog.countingPlan(modelId))?.features ?? [])).toEqual(['x', 'c', 'y']);
    await world.count(rowsOver(LIVE, LIVE + DAY, 60, () => values(0)));
    const judged = await world.evaluate(await world.monitor(), LIVE + DAY);
    expect(judged.map(({ feature }) => feature)).toEqual(['x', 'c']);

    await store.activate(modelId, 2, ANN);
    expect(await live(world)).toEqual([
      'x numeric input standard true',
      'c categorical prediction critical false',
      'y numeric input standard false',
    ]);
    const next = await world.evaluate(await world.monitor({ name: 'next' }), LIVE + DAY);
    expect(next.map(({ feature }) => feature)).toEqual(['c', 'y']);
    // The version that a rollback would bring back is counted on.
    expect(namesOf((await catalog.countingPlan(modelId))?.features ?? [])).toEqual(['x', 'c', 'y']);

    await store.rollback(modelId, ANN);
    expect(await live(world)).toEqual([...before, 'y numeric input standard true']);
  });

  it('is of what the configuration declares, whenever that is said', async () => {
    const { world, store } = await newWorld();
    const { modelId, catalog } = world;
    await catalog.declareFeatures(modelId, [
      { name: 'x', role: 'label', tier: 'critical', unit: 'K' },
      { name: 'id', role: null, tier: 'ignore', unit: null },
    ]);
    expect((await live(world))[0]).toBe('x numeric label critical false');
    expect((await catalog.countingPlan(modelId))?.ignored).toEqual(['id']);
    const units = async () => (await catalog.features(modelId)).map(({ unit }) => unit);
    expect(await units()).toEqual(['K', null]);
    await store.add(
      other(),
      new Map([
        ['c', { tier: 'critical' }],
        ['y', { unit: 'mm' }],
      ]),
    );
    await store.activate(modelId, 2, ANN);
    expect(await units()).toEqual([null, 'mm']);
    await store.rollback(modelId, ANN);
    expect((await live(world))[0]).toBe('x numeric label critical false');
    await catalog.declareFeatures(modelId, []);
    expect(await units()).toEqual([null, null]);
    expect((await live(world))[0]).toBe('x numeric input standard false');
  });

  it('can be discarded, is counted no longer then, and there are ten at most', async () => {
    const { world, store } = await newWorld();
    const { modelId, catalog } = world;
    const add = (i: number) =>
      store.add(
        baselineFromList(
          'flights',
          rowsOver(START, START + DAY, 60, () => values(9 * i)),
          false,
        ),
        new Map(),
      );
    for (let i = 1; i <= 10; i += 1) await add(i);
    await expect(add(11)).rejects.toMatchObject({
      code: 'BASELINE_INVALID',
      message: expect.stringContaining('has 10 candidates') as string,
    });
    const binnings = async () =>
      ((await catalog.countingPlan(modelId))?.sets ?? []).flatMap(({ entries }) =>
        entries.filter(({ featureId }) => featureId > 0),
      ).length;
    expect(await binnings()).toBe(12);
    for (let version = 2; version <= 11; version += 1)
      expect(await store.discard(modelId, version, ANN)).toMatchObject({ state: 'retired' });
    expect(await binnings()).toBe(2);
    expect(await store.discard(modelId, 1, ANN)).toBe('not-candidate');
    expect(await store.discard(modelId, 99, ANN)).toBeNull();
    expect((await store.events(modelId)).at(-1)).toMatchObject({
      version: 11,
      action: 'discarded',
    });
    await add(11);
  });
});

describe('the binning holds: stored history is judged against any version, exactly', () => {
  it('values that fit stay on the binning; those that do not are counted on both', async () => {
    const { world, store } = await newWorld();
    const next = await nextBaseline(world, store, training(5));
    const active = (await store.active(world.modelId))?.baseline;
    const binningsOf = (baseline: Baseline | undefined, feature: string): string[] =>
      (baseline?.features ?? [])
        .filter(({ name }) => name === feature)
        .flatMap((found) => [found, ...(found.also ?? [])])
        .map(({ histogram }) => histogram.binning.id);
    expect(binningsOf(next, 'c')).toEqual(binningsOf(active, 'c'));
    expect(binningsOf(next, 'x')).toHaveLength(2);
    expect(binningsOf(next, 'x')[1]).toBe(binningsOf(active, 'x')[0]);
    await store.add(next, new Map());
    const stored = await store.find(world.modelId, 2);
    expect(stored?.baseline.features).toEqual(next.features);
  });

  it('windows counted before a version came, and after it went, are judged against it', async () => {
    const { world, store } = await newWorld();
    const { modelId } = world;
    const monitor = await world.monitor();
    await world.count(rowsOver(LIVE, LIVE + DAY, 100, () => values(5)));
    expect(verdictOf(await world.evaluate(monitor, LIVE + DAY), 'x')).toBe('drifted');

    await store.add(await nextBaseline(world, store, training(5)), new Map());
    await store.activate(modelId, 2, ANN);
    // The same tiles, counted under the first version's binning only.
    const again = await world.monitor({ name: 'again' });
    const old = await world.evaluate(again, LIVE + DAY);
    expect(old.map(({ feature, verdict }) => [feature, verdict])).toEqual([
      ['x', 'stable'],
      ['c', 'stable'],
    ]);
    // Exactly: what the tiles say on that binning, not what is left of it.
    expect(old[0]).toMatchObject({ n: 2_400, groups: null });

    // Tiles from now on are counted under both; the version's own binning is the finer one.
    await world.count(rowsOver(LIVE + DAY, LIVE + 2 * DAY, 100, () => values(5)));
    const fresh = await world.evaluate(monitor, LIVE + 2 * DAY);
    expect(fresh[0]).toMatchObject({ verdict: 'stable', n: 2_400 });
    expect(fresh[0]?.groups).not.toBeNull();
    const wide = (results: readonly FeatureResult[]): number => {
      const ks = results[0]?.statistics.find(({ name }) => name === 'ks');
      return (ks?.high ?? 0) - (ks?.low ?? 0);
    };
    expect(wide(fresh)).toBeLessThan(wide(old));

    await store.rollback(modelId, ANN);
    await world.count(rowsOver(LIVE + 2 * DAY, LIVE + 3 * DAY, 100, () => values(5)));
    expect(verdictOf(await world.evaluate(again, LIVE + 2 * DAY), 'x')).toBe('drifted');
    expect(verdictOf(await world.evaluate(monitor, LIVE + 3 * DAY), 'x')).toBe('drifted');
  });

  it('windows from before two versions with binnings of their own, and from after a rollback', async () => {
    const { world, store } = await newWorld();
    const { modelId } = world;
    const day = (n: number, level: number): Row[] =>
      rowsOver(LIVE + n * DAY, LIVE + (n + 1) * DAY, 60, () => values(level));
    await world.count(day(0, 5));
    for (const [i, level] of [5, 50].entries()) {
      await store.add(await nextBaseline(world, store, training(level)), new Map());
      await store.activate(modelId, i + 2, ANN);
      await world.count(day(i + 1, 5));
    }
    const verdictAt = async (name: string, end: number): Promise<string | undefined> =>
      verdictOf(await world.evaluate(await world.monitor({ name }), LIVE + end * DAY), 'x');
    // Version 3 knows the first version's binning, though the second one's came between.
    expect(await verdictAt('third of first', 1)).toBe('drifted');
    expect(await verdictAt('third of own', 3)).toBe('drifted');
    await store.rollback(modelId, ANN);
    for (const end of [1, 2, 3]) expect(await verdictAt(`second ${end}`, end)).toBe('stable');
  });

  it('an evaluation in whose midst a version is activated is of the one before, wholly', async () => {
    const { world, store } = await newWorld();
    const { modelId } = world;
    await world.count(rowsOver(LIVE, LIVE + DAY, 100, () => values(5)));
    await store.add(await nextBaseline(world, store, training(5)), new Map());
    const monitor = await world.monitor();
    const claim = await world.ticks.claim(monitor.id, LIVE + DAY, 'test', 60_000);
    const evaluator = world.evaluatorWith({
      baselines: {
        ...store,
        async active(id) {
          const found = await store.active(id);
          await store.activate(modelId, 2, ANN);
          return found;
        },
      },
    });
    if (claim === null) throw new Error('the tick is taken');
    await evaluator.evaluate({ monitor, claim, complete: true, watermark: null, mayNotify: true });
    const { rows } = await world.pool.query('SELECT baseline_id AS id FROM evaluation');
    expect(rows).toEqual([{ id: 1 }]);
    expect(verdictOf(await world.results(monitor.id, LIVE + DAY), 'x')).toBe('drifted');
    expect((await store.active(modelId))?.row.version).toBe(2);
  });
});
