import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import type { World } from '../../test/support/world.ts';
import { PLAIN } from '../chaos/events.ts';
import { createLedger } from '../chaos/ledger.ts';
import { startMember } from './member.ts';
import type { Member } from './member.ts';
import { MemoryLog } from './memory-log.ts';
import type { Point } from './stops.ts';

/** What happens while the owner stands still. */
export type Turn =
  /** A successor takes over and reads all there is; then the owner goes on, not knowing. */
  | 'resumed'
  /** As above, but the owner never goes on. */
  | 'killed'
  /** The owner's connection breaks; there is no successor. */
  | 'cut'
  /** The owner is told to end. */
  | 'ended'
  /** Somebody sets the position by hand. */
  | 'moved';

export interface Schedule {
  readonly at: Point;
  readonly turn: Turn;
  /** Where the owner stops: in its very first batch, or after it has stored some. */
  readonly when: 'fresh' | 'later';
}

export const nameOf = ({ at, turn, when }: Schedule): string => `${at}/${turn}/${when}`;

const ROUND = 30;
/** Everything in a schedule ends within this time, or that is what it has found. */
const LIMIT_MS = 12_000;
/** A member that was let go does what it had in hand, and comes as far as its next claim. */
const AFTERMATH_MS = 120;

interface Run {
  readonly schedule: Schedule;
  readonly pool: Pool;
  readonly log: MemoryLog;
  readonly owner: Member;
  readonly successor: Member;
  /** Offsets [from, to) that nobody is to count, since the position was set past them. */
  skipped: readonly [number, number];
}

let topics = 0;

/** Runs one schedule. @returns what is wrong afterwards, in words; null: nothing */
export async function runSchedule(
  world: World,
  pool: Pool,
  schedule: Schedule,
  mutant: string | null,
): Promise<string | null> {
  topics += 1;
  const log = new MemoryLog(`topic-${topics}`, topics * 1_000);
  const owner = await startMember({ name: 'owner', pool, log, mutant });
  const successor = await startMember({ name: 'successor', pool, log, mutant });
  const run: Run = { schedule, pool, log, owner, successor, skipped: [0, 0] };
  const found: string[] = [];
  try {
    await play(run, found);
    found.push(...(await faults(world, run)));
  } catch (thrown) {
    found.push(thrown instanceof Error ? thrown.message : String(thrown));
  } finally {
    await Promise.all([owner.end(), successor.end()]);
  }
  return found[0] ?? null;
}

async function play(run: Run, found: string[]): Promise<void> {
  const { schedule, log, owner, successor } = run;
  const { at, turn, when } = schedule;
  log.append(ROUND);
  if (when === 'later') {
    owner.source.assign(true);
    await reached(run, log.end);
  }
  if (at === 'halt') owner.source.believedEnd = 5;
  const stopped = owner.stops.arm(at);
  // A new assignment: the owner claims again, and comes by every point.
  owner.source.assign(true);
  if (when === 'later') log.append(ROUND);
  await within(stopped, `the owner never came to "${at}"`);
  await assertNothingToldTooEarly(run);
  owner.source.believedEnd = null;

  if (turn === 'cut') owner.connections.cut();
  else if (turn === 'moved') await moveByHand(run);
  else if (turn === 'ended') {
    const ending = owner.pipeline.stop();
    let ended = false;
    void ending.then(() => (ended = true));
    await sleep(AFTERMATH_MS);
    if (ended && (at === 'commit' || at === 'rows')) found.push('it has ended before its COMMIT');
    owner.stops.letGo();
    await within(ending, 'the owner did not end');
    successor.source.assign(true);
  } else {
    if (turn === 'killed') owner.connections.die();
    successor.source.assign(true);
    await reached(run, log.end);
    log.append(ROUND);
    await reached(run, log.end);
  }
  owner.stops.letGo();
  await sleep(AFTERMATH_MS);
  // The group has noticed by now: one member owns the partition.
  if (turn === 'resumed' || turn === 'killed') owner.source.assign(false);
  log.append(ROUND);
  await reached(run, log.end);
}

/** Past everything that the owner can have in hand. */
async function moveByHand(run: Run): Promise<void> {
  const { pool, log } = run;
  const { offset: from } = await standing(run);
  const to = log.end - 3;
  await pool.query(
    'UPDATE ingest_partition SET next_offset = $3, filtered = filtered + $4, anchor_offset = NULL, anchor_hash = NULL WHERE source = $1 AND topic = $2',
    [log.key.source, log.key.topic, to, to - from],
  );
  run.skipped = [from, to];
}

interface Standing {
  readonly offset: number;
  readonly state: string;
}

async function standing({ pool, log }: Run): Promise<Standing> {
  const { rows } = await pool.query<Standing>(
    'SELECT next_offset AS offset, state FROM ingest_partition WHERE source = $1 AND topic = $2',
    [log.key.source, log.key.topic],
  );
  return rows[0] ?? { offset: 0, state: 'ok' };
}

async function reached(run: Run, end: number): Promise<void> {
  const limit = performance.now() + LIMIT_MS;
  for (;;) {
    const { offset, state } = await standing(run);
    if (offset >= end) return;
    if (state !== 'ok') throw new Error(`the partition is ${state} at ${offset} of ${end}`);
    if (performance.now() > limit)
      throw new Error(`stuck at ${offset} of ${end} after ${LIMIT_MS / 1000} s`);
    await sleep(8);
  }
}

async function within<T>(work: Promise<T>, what: string): Promise<T> {
  const timer = new AbortController();
  const late = sleep(LIMIT_MS, null, { signal: timer.signal }).then(() => {
    throw new Error(what);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}

/** Nothing is told that is not stored: neither to the group nor to the metrics. */
async function assertNothingToldTooEarly(run: Run): Promise<void> {
  const { offset } = await standing(run);
  const { told } = run.owner.source;
  const records = run.owner.told();
  if (told !== null && told > offset)
    throw new Error(`the group was told ${told} while ${offset} is stored`);
  if (records > offset) throw new Error(`${records} records were told while ${offset} are stored`);
}

/** What is stored against what was written to the log. */
async function faults(world: World, run: Run): Promise<string[]> {
  const { pool, log, skipped } = run;
  const { rows } = await pool.query<{
    id: number;
    state: string;
    counted: number;
    quarantined: number;
    covered: number;
    rejected: number;
    progress: number;
  }>(
    `SELECT p.id, p.state, p.counted, p.quarantined,
       p.counted + p.quarantined + p.too_late + p.duplicate + p.filtered AS covered,
       (SELECT count(*) FROM quarantine q WHERE q.part = p.id) AS rejected,
       (SELECT coalesce(sum(m.events), 0)::bigint FROM model_progress m WHERE m.part = p.id) AS progress
     FROM ingest_partition p WHERE source = $1 AND topic = $2`,
    [log.key.source, log.key.topic],
  );
  const [row] = rows;
  if (row === undefined) return ['nothing is stored about the partition'];
  const ledger = await createLedger(world, PLAIN);
  for (let offset = 0; offset < log.end; offset += 1) {
    if (offset < skipped[0] || offset >= skipped[1]) ledger.add(log.firstId + offset);
  }
  const difference = await ledger.difference([row.id]);
  const wrong: string[] = [];
  if (row.state !== 'ok') wrong.push(`the partition is ${row.state}`);
  if (difference > 0) wrong.push(`the counts differ by ${difference}`);
  const equal = (what: string, is: number, should: number): void => {
    if (is !== should) wrong.push(`${what}: ${is} instead of ${should}`);
  };
  equal('events counted', row.counted, ledger.fates.counted);
  equal('events told by progress', row.progress, ledger.fates.counted);
  equal('quarantined', row.quarantined, ledger.fates.quarantined);
  equal('rows of quarantine', row.rejected, ledger.fates.quarantined);
  equal('offsets covered', row.covered, log.end);
  return wrong;
}
