import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createPartitionCounter } from '../../src/accumulate/counting.ts';
import type { ClaimedPartition, PartitionCounter } from '../../src/accumulate/counting.ts';
import { createModelRegistry } from '../../src/accumulate/model-registry.ts';
import { EventFrame, SLOT } from '../../src/core/domain/event-frame.ts';
import { createLog } from '../../src/platform/log.ts';
import { createIngestStore } from '../../src/storage/postgres/ingest-store.ts';
import { createRandom, rowsOver } from '../support/baselines.ts';
import { freshDatabase } from '../support/servers.ts';
import { createWorld, DAY, HOUR } from '../support/world.ts';
import type { World } from '../support/world.ts';

const START = Date.UTC(2024, 0, 10);
const MINUTE = 60_000;
const WINDOW_MS = 10 * MINUTE;

interface Logged {
  readonly id: string | null;
  readonly time: number;
  /** Only a label, which comes later under the id of its event. */
  readonly label?: boolean;
}

let world: World;
beforeAll(async () => {
  world = await createWorld(await freshDatabase(), {
    rows: rowsOver(START - DAY, START, 24, (time) => ({ x: (time / HOUR) % 11 })),
  });
  await world.pool.query(
    "INSERT INTO feature (model_id, name, kind, role) VALUES ($1, 'truth', 'numeric', 'label')",
    [world.modelId],
  );
});
afterAll(() => world.pool.end());

async function counterWith(dedupWindowMs?: number): Promise<PartitionCounter> {
  const { catalog } = world;
  const models = () => [{ name: 'flights', attributes: [], allowedLatenessMs: HOUR }];
  const registry = createModelRegistry({ catalog, models, log: createLog('silent') });
  await registry.refresh();
  return createPartitionCounter({
    store: createIngestStore(world.pool),
    catalog,
    registry,
    owner: 'test',
    futureToleranceMs: Infinity,
    ...(dedupWindowMs === undefined ? {} : { dedupWindowMs }),
  });
}

function frameOf(counter: PartitionCounter, { id, time, label }: Logged): EventFrame {
  const schema = counter.schema('flights');
  if (schema === null) throw new Error('the model is not known');
  const frame = new EventFrame();
  frame.reset(schema);
  frame.id = id;
  frame.time = time;
  const index = schema.indexOf.get(label === true ? 'truth' : 'x') as number;
  frame.slots[index] = SLOT.number;
  frame.numbers[index] = 1;
  return frame;
}

/** Reads the log to its end, in checkpoints of 100; at some of them the owner dies, before or after its checkpoint. */
async function readAll(
  counter: PartitionCounter,
  topic: string,
  log: readonly Logged[],
  random: () => number,
): Promise<{ duplicates: number; crashes: number }> {
  const key = { source: 'kafka', topic, partition: 0 };
  const claim = (): Promise<ClaimedPartition> =>
    counter.claim(key, {
      startOffsets: () => Promise.resolve(new Map([[0, 0]])),
      range: () => Promise.resolve({ start: 0, end: log.length }),
    });
  let crashes = 0;
  for (let owner = await claim(); owner.position < log.length;) {
    const end = Math.min(log.length, owner.position + 100);
    for (let offset = owner.position; offset < end; offset += 1) {
      const outcome = owner.count(frameOf(counter, log[offset] as Logged));
      if (outcome === 'counted') owner.recordCounted();
      else if (outcome === 'duplicate') owner.recordDuplicate();
      else owner.recordTooLate();
    }
    const dies = random() < 0.4;
    if (dies && random() < 0.5) {
      owner = await claim();
      crashes += 1;
      continue;
    }
    expect((await owner.checkpoint(end, null)).outcome).toBe('committed');
    if (dies) {
      owner = await claim();
      crashes += 1;
    }
  }
  const { rows } = await world.pool.query<{ duplicate: number }>(
    'SELECT duplicate FROM ingest_partition WHERE topic = $1',
    [topic],
  );
  return { duplicates: rows[0]?.duplicate ?? -1, crashes };
}

/** 3,000 events over five hours; a fifth of them comes again a little later, some of these once more. */
function logWithRepeats(random: () => number): { log: Logged[]; repeats: number } {
  const log: { at: number; event: Logged }[] = [];
  let repeats = 0;
  for (let i = 0; i < 3_000; i += 1) {
    const event = { id: `id-${i}`, time: START + i * 6_000 };
    log.push({ at: event.time, event });
    for (let again = random(); again < 0.2; again = random()) {
      log.push({ at: event.time + random() * (WINDOW_MS - MINUTE), event });
      repeats += 1;
    }
  }
  return { log: log.toSorted((a, b) => a.at - b.at).map(({ event }) => event), repeats };
}

describe('events that come again under the same id', () => {
  it('are counted once, also when the owner dies in between', async () => {
    const random = createRandom(20_240_111);
    const { log, repeats } = logWithRepeats(random);
    const counter = await counterWith(WINDOW_MS);
    const { duplicates, crashes } = await readAll(counter, 'again', log, random);
    expect(repeats).toBeGreaterThan(400);
    expect(crashes).toBeGreaterThan(5);
    expect(duplicates).toBe(repeats);
    const { rows } = await world.pool.query<{ generations: number; bytes: number }>(
      'SELECT count(DISTINCT generation) AS generations, sum(length(hashes)) AS bytes FROM seen_event',
    );
    // What is older than two windows is let go.
    expect(rows[0]?.generations).toBe(2);
    expect(Number(rows[0]?.bytes)).toBeLessThan(2 * 8 * (WINDOW_MS / 6_000) * 1.1);
  });

  it('are all counted when nobody asked for it, and when they have no id', async () => {
    const random = createRandom(5);
    const { log } = logWithRepeats(random);
    expect((await readAll(await counterWith(), 'plain', log, random)).duplicates).toBe(0);
    const nameless = log.map((event) => ({ ...event, id: null }));
    const counter = await counterWith(WINDOW_MS);
    expect((await readAll(counter, 'nameless', nameless, random)).duplicates).toBe(0);
  });

  it('are no duplicates when they bring the label of what was predicted, or come long after', async () => {
    const log: Logged[] = [
      { id: 'a', time: START },
      { id: 'a', time: START + MINUTE, label: true },
      { id: 'a', time: START + MINUTE, label: true },
      { id: 'b', time: START + 3 * WINDOW_MS },
      { id: 'a', time: START + 3 * WINDOW_MS },
    ];
    const counter = await counterWith(WINDOW_MS);
    expect((await readAll(counter, 'labels', log, () => 1)).duplicates).toBe(1);
  });
});
