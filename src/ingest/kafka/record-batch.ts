import type { Batch } from 'kafkajs';
import type { RecordBatch } from '../../core/domain/ingestion.ts';
import type { FetchedMessage } from './protocol/fetch-response.ts';

/**
 * What our decoder left in kafkajs' batch.
 * @throws Error when another decoder made it: nothing of that is counted
 */
export function toRecordBatch(source: string, batch: Batch): RecordBatch {
  const message = batch.messages[0] as unknown as Partial<FetchedMessage> | undefined;
  if (message?.decoded === undefined) throw new Error('a batch that driftd did not decode');
  const { records, to, logEnd } = message.decoded;
  const [first] = records;
  const from = Number((batch as unknown as { fetchedOffset: string }).fetchedOffset);
  return {
    partition: { source, topic: batch.topic, partition: batch.partition },
    from,
    to: Math.max(from, to),
    // A batch is sent whole, wherever in it the fetch begins.
    records: from <= (first?.offset ?? from) ? records : records.from(from),
    logEnd,
  };
}
