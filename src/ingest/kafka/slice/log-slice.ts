import type { KafkaConfig } from '../../../config/types.ts';
import { DriftdError, toError } from '../../../platform/errors.ts';
import type { Log } from '../../../platform/log.ts';
import type { LogRange } from '../../event-source.ts';
import { createKafkaClient } from '../client.ts';
import { assertTopics } from '../topics.ts';
import { within } from '../within.ts';

const ANSWER_MS = 20_000;

/**
 * The offsets of a stretch of time, by partition: from the first record that Kafka dates `from` or later, up to the first
 * that it dates `to` or later, or to where the log ends now. Reads no record.
 * @param from and `to` ms since the epoch
 * @throws DriftdError KAFKA_UNREACHABLE | KAFKA_TOPIC_MISSING
 */
export async function sliceLog(
  config: KafkaConfig,
  topic: string,
  { from, to }: { readonly from: number; readonly to: number },
  log: Log,
): Promise<ReadonlyMap<number, LogRange>> {
  const where = config.brokers.join(', ');
  const admin = createKafkaClient(config, log).admin();
  try {
    await within(ANSWER_MS, admin.connect());
    await within(ANSWER_MS, assertTopics(admin, [topic], where));
    const held = await within(ANSWER_MS, admin.fetchTopicOffsets(topic));
    const firsts = offsetsOf(
      await within(ANSWER_MS, admin.fetchTopicOffsetsByTimestamp(topic, from)),
    );
    const ends = offsetsOf(await within(ANSWER_MS, admin.fetchTopicOffsetsByTimestamp(topic, to)));
    return new Map(
      held.map(({ partition, low, high }) => {
        const inLog = (offset: number | undefined): number =>
          Math.min(Math.max(offset ?? Number(high), Number(low)), Number(high));
        const start = inLog(firsts.get(partition));
        return [partition, { start, end: Math.max(start, inLog(ends.get(partition))) }];
      }),
    );
  } catch (thrown) {
    if (thrown instanceof DriftdError) throw thrown;
    throw new DriftdError(
      'KAFKA_UNREACHABLE',
      `Kafka at ${where} does not tell what the topic ${topic} holds: ${toError(thrown).message}`,
      { cause: thrown },
    );
  } finally {
    await within(1_000, admin.disconnect()).catch(() => undefined);
  }
}

/** -1 stands for "no record so late". */
function offsetsOf(
  rows: readonly { readonly partition: number; readonly offset: string }[],
): ReadonlyMap<number, number> {
  return new Map(
    rows.flatMap(({ partition, offset }) =>
      Number(offset) < 0 ? [] : [[partition, Number(offset)] as const],
    ),
  );
}
