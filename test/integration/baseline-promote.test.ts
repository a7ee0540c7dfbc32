import { afterAll, beforeAll, expect, it } from 'vitest';

import { promoteTiles } from '../../src/app/baselines/promote.ts';
import { createCounter } from '../../src/core/histogram/counter.ts';
import { emptyHistogram } from '../../src/core/histogram/histogram.ts';
import { rowSlot } from '../../src/core/baseline/row-value.ts';
import { SLOT } from '../../src/core/domain/event-frame.ts';
import type { Baseline } from '../../src/core/baseline/types.ts';
import { createBaselineStore } from '../../src/storage/postgres/baseline-store.ts';
import { createNormal, rowsOver } from '../support/baselines.ts';
import { freshDatabase } from '../support/servers.ts';
import { DAY, HOUR, createWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const START = Date.UTC(2024, 0, 1);
const LIVE = START + 14 * DAY;
const normal = createNormal(31);
const rowsAt = (from: number, to: number, level: number) =>
  rowsOver(from, to, 60, () => ({
    // Sums are exact in whatever order they are made.
    x: level + Math.round(normal() * 64) / 64,
    c: normal() > 1 ? 'rare' : 'a',
  }));
const live = rowsAt(LIVE, LIVE + 2 * DAY, 1);

let world: World;
let active: Baseline;
const promote = (from: number, to: number): Promise<Baseline> =>
  promoteTiles(world, { id: world.modelId, name: 'flights' }, active, from, to);

beforeAll(async () => {
  world = await createWorld(await freshDatabase(), { rows: rowsAt(START, LIVE, 0) });
  const stored = await createBaselineStore(world.pool).active(world.modelId);
  if (stored === null) throw new Error('no active baseline');
  active = stored.baseline;
  await world.count(live);
});
afterAll(() => world.pool.end());

it('counts of a window are those of its events one by one', async () => {
  const [from, to] = [LIVE + 7 * HOUR, LIVE + 31 * HOUR];
  const promoted = await promote(from, to);
  const inside = live.filter(({ time }) => time >= from && time < to);
  expect(promoted.rows).toBe(inside.length);
  for (const feature of promoted.features) {
    const { binning } = feature.histogram;
    const wanted = emptyHistogram(binning);
    const counter = createCounter(binning);
    const slot = { slot: SLOT.absent as (typeof SLOT)[keyof typeof SLOT], number: 0, text: '' };
    for (const { values } of inside) {
      rowSlot(binning.kind, values[feature.name] ?? null, slot);
      counter.add(wanted, slot.slot, slot.number, slot.text);
    }
    expect(feature.histogram).toEqual(wanted);
  }
});

it('a window that would cut what is kept by the hour is refused by name', async () => {
  const hour = LIVE + 10 * HOUR;
  await world.pool.query(
    `DELETE FROM tile WHERE start > $1::timestamptz AND start < $1::timestamptz + interval '1 hour'`,
    [new Date(hour).toISOString()],
  );
  await world.pool.query('UPDATE tile SET span_minutes = 60 WHERE start = $1', [
    new Date(hour).toISOString(),
  ]);
  const sentence = `counts from ${new Date(hour).toISOString()} to ${new Date(hour + HOUR).toISOString()} are kept by the hour`;
  await expect(promote(hour + HOUR / 2, LIVE + DAY)).rejects.toThrow(sentence);
  await expect(promote(LIVE, hour + HOUR / 2)).rejects.toThrow(sentence);
  expect((await promote(hour, hour + HOUR)).rows).toBe(5);
});
