import type { DriftdConfig } from '../../config/types.ts';
import { SOURCE_NAME as HTTP } from '../../ingest/http/http-source.ts';
import { inspectKafka } from '../../ingest/kafka/inspect.ts';
import { SOURCE_NAME as KAFKA } from '../../ingest/kafka/kafka-source.ts';
import { SOURCE_NAME as REPLAY } from '../../ingest/replay/replay-source.ts';
import { DriftdError, toError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import type { SourcePosition, SourcePositions } from '../../storage/api/source-positions.ts';
import type { Actor } from '../../storage/api/token-store.ts';
import { createSourcePositions } from '../../storage/postgres/api/source-positions.ts';
import { assertReachable, createPool } from '../../storage/postgres/pool.ts';
import { assertSchema } from '../../storage/postgres/schema/assert-schema.ts';

/** What has positions. */
export const SOURCES = [KAFKA, HTTP, REPLAY] as const;

/** A message names so many topics. */
const NAMED_TOPICS = 10;

/** Of sources whose ends nobody asks for: which offsets there are. */
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

/** What a reset does to one partition. */
export interface PlannedReset extends SourcePosition {
  readonly to: number;
}

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
    const ranges = request.source === KAFKA ? await rangesOf(config, log, request.topic) : null;
    const plan = rows.map((row) => ({ ...row, to: targetOf(row, request, ranges) }));
    if (apply) {
      const targets = new Map(plan.map(({ partition, to }) => [partition, to]));
      await positions.reset(request.source, request.topic, targets, actor);
    }
    return plan;
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

async function rangesOf(
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
  { partition, nextOffset }: SourcePosition,
  { source, topic, to }: ResetRequest,
  ranges: ReadonlyMap<number, LogRange> | null,
): number {
  if (ranges === null) {
    if (typeof to === 'number') return to;
    throw new DriftdError(
      'INPUT_INVALID',
      `--to ${to} is for Kafka; of ${source} say an offset: ${topic}/${String(partition)} is at ${String(nextOffset)}, ${OFFSETS[source] ?? ''}`,
    );
  }
  const range = ranges.get(partition);
  if (range === undefined)
    throw new DriftdError(
      'INPUT_INVALID',
      `${topic} has no partition ${String(partition)} any more; nothing was changed`,
    );
  if (to === 'earliest') return range.start;
  if (to === 'latest') return range.end;
  if (to >= range.start && to <= range.end) return to;
  throw new DriftdError(
    'INPUT_INVALID',
    `${topic}/${String(partition)} holds offsets ${String(range.start)} to ${String(range.end)}, ${String(to)} is none of them; nothing was changed`,
  );
}
