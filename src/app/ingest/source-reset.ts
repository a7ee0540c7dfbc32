import type { DriftdConfig } from '../../config/types.ts';
import { SOURCE_NAME as HTTP } from '../../ingest/http/http-source.ts';
import { inspectKafka } from '../../ingest/kafka/inspect.ts';
import { SOURCE_NAME as KAFKA } from '../../ingest/kafka/kafka-source.ts';
import { SOURCE_NAME as REPLAY } from '../../ingest/replay/replay-source.ts';
import { DriftdError, toError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import type {
  SetPosition,
  SourcePosition,
  SourcePositions,
} from '../../storage/api/source-positions.ts';
import type { Actor } from '../../storage/api/token-store.ts';
import { createSourcePositions } from '../../storage/postgres/api/source-positions.ts';
import { assertReachable, createPool } from '../../storage/postgres/pool.ts';
import type { Pool } from '../../storage/postgres/pool.ts';
import { assertSchema } from '../../storage/postgres/schema/assert-schema.ts';
import { postedRange } from './inbox.ts';

/** What has positions. */
export const SOURCES = [KAFKA, HTTP, REPLAY] as const;

/** A message names so many topics. */
const NAMED_TOPICS = 10;

/** Of sources that have no `earliest` and `latest`: which offsets there are. */
const OFFSETS: Readonly<Record<string, string>> = {
  [REPLAY]: '0 is the first row of the file',
  [HTTP]: 'events are deleted once they are counted, so those before are gone',
};

export interface ResetRequest {
  readonly source: string;
  readonly topic: string;
  /** null: all of them. */
  readonly partitions: readonly number[] | null;
  readonly to: 'earliest' | 'latest' | number;
}

/** What a reset does to one partition, or has done. */
export type PlannedReset = SetPosition;

interface LogRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads partitions on from another offset.
 * @param apply false: only looks what would be done
 * @throws DriftdError when the database or the brokers cannot be reached, the schema is another, or there is no such partition or offset
 */
export async function resetSource(
  config: DriftdConfig,
  log: Log,
  request: ResetRequest,
  { apply, actor }: { readonly apply: boolean; readonly actor: Actor },
): Promise<PlannedReset[]> {
  const { url } = config.postgres;
  const pool = createPool({ url, max: 1, applicationName: 'driftd source reset', log });
  try {
    await assertReachable(pool, url);
    await assertSchema(pool, url);
    const positions = createSourcePositions(pool);
    const rows = await chosen(positions, request);
    const ranges = await rangesOf(config, log, pool, request);
    const target = (row: SourcePosition): number => targetOf(row, request, ranges);
    const plan = rows.map((row) => ({ ...row, to: target(row) }));
    if (!apply) return plan;
    const partitions = rows.map(({ partition }) => partition);
    return await positions.reset(request.source, request.topic, partitions, target, actor);
  } finally {
    await pool.end();
  }
}

async function chosen(
  positions: SourcePositions,
  { source, topic, partitions }: ResetRequest,
): Promise<SourcePosition[]> {
  const stored = await positions.list(source, topic);
  if (stored.length === 0)
    throw new DriftdError(
      'INPUT_INVALID',
      `nothing of ${source} ${topic} has been read yet${await whatThereIs(positions)}`,
    );
  const unknown = partitions?.filter((one) => stored.every(({ partition }) => partition !== one));
  if (unknown !== undefined && unknown.length > 0)
    throw new DriftdError(
      'INPUT_INVALID',
      `of ${source} ${topic} no partition ${unknown.join(', ')} has been read, only ${stored.map(({ partition }) => partition).join(', ')}`,
    );
  return stored.filter(({ partition }) => partitions?.includes(partition) ?? true);
}

/** "; what has been: predictions/0,1 of --source kafka" */
async function whatThereIs(positions: SourcePositions): Promise<string> {
  const known = await positions.topics(NAMED_TOPICS + 1);
  if (known.length === 0) return ', and nothing of any source: there is no position to set';
  const named = known
    .slice(0, NAMED_TOPICS)
    .map(
      ({ source, topic, partitions }) => `${topic}/${partitions.join(',')} of --source ${source}`,
    );
  const rest = known.length > NAMED_TOPICS ? ' and more, see driftd source status' : '';
  return `; what has been: ${named.join('; ')}${rest}`;
}

/** @returns what each partition holds; null: nobody tells */
async function rangesOf(
  config: DriftdConfig,
  log: Log,
  pool: Pool,
  { source, topic }: ResetRequest,
): Promise<ReadonlyMap<number, LogRange> | null> {
  if (source === KAFKA) return rangesOfTopic(config, log, topic);
  if (source === HTTP) return new Map([[0, await postedRange(pool)]]);
  return null;
}

async function rangesOfTopic(
  { kafka }: DriftdConfig,
  log: Log,
  topic: string,
): Promise<ReadonlyMap<number, LogRange>> {
  if (kafka?.topics.some(({ name }) => name === topic) !== true)
    throw new DriftdError('INPUT_INVALID', `${topic} is none of kafka.topics in the configuration`);
  try {
    const { topics } = await inspectKafka(kafka, Number.MAX_SAFE_INTEGER, log);
    return topics.get(topic)?.partitions ?? new Map<number, LogRange>();
  } catch (thrown) {
    throw new DriftdError(
      'KAFKA_UNREACHABLE',
      `Kafka at ${kafka.brokers.join(', ')} does not tell what ${topic} holds: ${toError(thrown).message}; nothing was changed`,
      { cause: thrown },
    );
  }
}

function targetOf(
  position: SourcePosition,
  { source, topic, to }: ResetRequest,
  ranges: ReadonlyMap<number, LogRange> | null,
): number {
  const { partition, nextOffset } = position;
  const which = `${topic}/${String(partition)}`;
  if (source !== KAFKA && typeof to !== 'number')
    throw new DriftdError(
      'INPUT_INVALID',
      `--to ${to} is for Kafka; of ${source} say an offset: ${which} is at ${String(nextOffset)}, ${OFFSETS[source] ?? ''}`,
    );
  if (ranges === null) return to as number;
  const range = ranges.get(partition);
  if (range === undefined)
    throw new DriftdError(
      'INPUT_INVALID',
      `${topic} has no partition ${String(partition)} any more; nothing was changed`,
    );
  if (to === 'earliest') return range.start;
  if (to === 'latest') return range.end;
  if (source === HTTP) return forward(which, position, to, range);
  if (to >= range.start && to <= range.end) return to;
  throw new DriftdError(
    'INPUT_INVALID',
    `${which} holds offsets ${String(range.start)} to ${String(range.end)}, ${String(to)} is none of them; nothing was changed`,
  );
}

/** What is counted is deleted: read again from there, it would be a gap in which nothing is missing. */
function forward(
  which: string,
  { nextOffset: at, state }: SourcePosition,
  to: number,
  { end }: LogRange,
): number {
  // One that was set beyond the end is halted, and the end its only way out.
  const least = state === 'halted' ? Math.min(at, end) : at;
  if (to >= least && to <= end) return to;
  const why =
    to < least
      ? 'it only goes forward, to pass over events that wait: those before were counted and then deleted'
      : `the events end at ${String(end)}: those that come later would be passed over, too`;
  throw new DriftdError(
    'INPUT_INVALID',
    `${which} is at ${String(at)} and cannot be read from ${String(to)}: ${why}; nothing was changed`,
  );
}
