import { afterEach, describe, expect, it } from 'vitest';

import type { Baseline } from '../../src/core/baseline/types.ts';
import type { Binning } from '../../src/core/histogram/types.ts';
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
  { modelId }: World,
  store: BaselineStore,
  rows: readonly Row[],
): Promise<Baseline> {
  const active = await store.active(modelId);
  const current = new Map<string, Binning>(
    (active?.baseline.features ?? []).map(({ name, histogram }) => [name, histogram.binning]),
  );
  return baselineFromList('flights', rows, false, current);
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
      warnings: ['few rows'],
    });
    expect(second).toMatchObject({ version: 2, state: 'candidate', warnings: ['few rows'] });
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
    await world.pool.query(`ALTER TABLE baseline_feature DISABLE TRIGGER ALL;
      UPDATE baseline_feature SET document = jsonb_set(document, '{missing}', '7')`);
    await expect(store.active(world.modelId)).rejects.toThrow(
      'the stored baseline 1 is damaged: x in all is not what was stored',
    );
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
