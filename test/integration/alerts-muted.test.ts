import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { EvaluatedMonitor, Evaluator } from '../../src/compare/evaluate-task.ts';
import { parseMatcher } from '../../src/core/alerting/mute.ts';
import type { Matcher } from '../../src/core/alerting/mute.ts';
import type { DigestMessage } from '../../src/core/alerting/message.ts';
import { createAlertDesk } from '../../src/storage/postgres/alerts/alert-desk.ts';
import { createNormal, rowsOver } from '../support/baselines.ts';
import { freshDatabase } from '../support/servers.ts';
import { createWorld, DAY } from '../support/world.ts';
import type { World } from '../support/world.ts';

const START = Date.UTC(2024, 0, 8);
const DAYS = 24;
const normal = createNormal(5);

let world: World;
let monitor: EvaluatedMonitor;
let evaluator: Evaluator;
beforeAll(async () => {
  world = await createWorld(await freshDatabase(), {
    rows: rowsOver(START - 14 * DAY, START, 30, () => ({ x: normal(), y: normal() })),
  });
  await world.count(
    rowsOver(START, START + DAYS * DAY, 30, () => ({ x: normal() + 3, y: normal() + 3 })),
  );
  monitor = await world.monitor({
    receivers: [
      {
        name: 'ops',
        targets: [{ channel: 'email', recipient: 'a@example.com', sendResolved: true }],
      },
    ],
  });
  evaluator = world.evaluatorWith({ desk: createAlertDesk(world.pool) });
});
afterAll(() => world.pool.end());

/** The messages of one day's evaluation: why, and about which features. */
async function day(number: number): Promise<string[]> {
  const due = START + number * DAY;
  const claim = await world.ticks.claim(monitor.id, due, 'test', 60_000);
  if (claim === null) throw new Error('the tick is taken');
  await evaluator.evaluate({ monitor, claim, complete: true, watermark: due, mayNotify: true });
  const { rows } = await world.pool.query<{ reason: string; message: DigestMessage }>(
    'DELETE FROM outbox RETURNING reason, message',
  );
  return rows.map(
    ({ reason, message }) =>
      `${reason} ${message.features
        .map(({ feature }) => feature)
        .sort()
        .join('+')}`,
  );
}

describe('an evaluation', () => {
  it('tells nobody of what is silenced, of the rest at once, and of all in its time', async () => {
    const desk = createAlertDesk(world.pool);
    const silence = await desk.addSilence({
      matchers: [parseMatcher('feature=x')] as Matcher[],
      author: 'kim',
      reason: 'known',
      startsAt: null,
      durationMs: 3_600_000,
    });
    expect(await day(1)).toEqual([]);
    expect(await day(2)).toEqual(['first y']);
    expect(await day(3)).toEqual([]);
    await desk.expireSilence(silence.id, 'kim');
    expect(await day(4)).toEqual(['added x']);
    for (let number = 5; number < 11; number += 1) expect(await day(number)).toEqual([]);
    expect(await day(11)).toEqual(['repeat x+y']);
    const who = { model: monitor.model, feature: 'y', segment: null, by: 'lee', note: '' };
    expect(await desk.acknowledge(who)).toBe(1);
    for (let number = 12; number < 18; number += 1) expect(await day(number)).toEqual([]);
    expect(await day(18)).toEqual(['repeat x']);
    expect(await desk.listAlerts()).toMatchObject([
      { feature: 'x', state: 'firing', acknowledgedBy: null },
      { feature: 'y', state: 'firing', acknowledgedBy: 'lee' },
    ]);
  });

  it('ends the alert of a feature that is not watched any more, for those who know of it', async () => {
    const knowing = `SELECT f.name, a.state, a.told_receivers AS told FROM alert a
      JOIN feature f ON f.id = a.feature_id ORDER BY 1`;
    expect((await world.pool.query(knowing)).rows).toEqual([
      { name: 'x', state: 'firing', told: ['ops'] },
      { name: 'y', state: 'firing', told: ['ops'] },
    ]);
    await world.pool.query(`UPDATE feature SET tier = 'ignore' WHERE name = 'x'`);
    expect(await day(19)).toEqual(['resolved x']);
    expect((await world.pool.query(knowing)).rows).toMatchObject([
      { name: 'x', state: 'inactive', told: [] },
      { name: 'y', state: 'firing', told: ['ops'] },
    ]);
    expect(await day(20)).toEqual([]);
  });
});
