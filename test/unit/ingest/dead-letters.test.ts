import { KafkaJSConnectionError, KafkaJSNumberOfRetriesExceeded } from 'kafkajs';
import { KafkaJSProtocolError } from 'kafkajs';
import type { ProducerRecord } from 'kafkajs';
import { describe, expect, it } from 'vitest';

import { createDeadLetters } from '../../../src/ingest/kafka/dead-letters/dead-letters.ts';
import { WAITING } from '../../../src/ingest/record-counter.ts';
import type { DeadLetter } from '../../../src/ingest/record-counter.ts';
import { createLog } from '../../../src/platform/log.ts';

const log = createLog('silent');

function letter(offset: number, bytes = 10): DeadLetter {
  return {
    partition: { source: 'kafka', topic: 'predictions', partition: 2 },
    record: {
      offset,
      timestamp: 17,
      key: null,
      value: Buffer.alloc(bytes, 'x'),
      headers: new Map([['__proto__', Buffer.from('kept')]]),
    },
    rejection: { reason: 'invalid-json', detail: 'not JSON' },
  };
}

/** Dead letters over a producer that does what it is told. */
function rig(
  takes: (record: ProducerRecord) => boolean | Promise<boolean>,
  failure: () => Error = () => new Error('no'),
) {
  const sent: ProducerRecord[] = [];
  const told = { sent: 0, dropped: 0, failed: 0 };
  const letters = createDeadLetters({
    producer: {
      connect: () => Promise.resolve(),
      disconnect: () => Promise.resolve(),
      async send(record) {
        if (!(await takes(record))) throw failure();
        sent.push(record);
        return [];
      },
    },
    topic: 'bad',
    log,
    backoffMs: 0,
    tell: (result, count) => {
      told[result] += count;
    },
  });
  return { letters, sent, told };
}

describe('dead letters', () => {
  it('are the records as they were, with their origin in headers', async () => {
    const { letters, sent, told } = rig(() => true);
    letters.offer([letter(7)]);
    await letters.stop();
    expect(told).toEqual({ sent: 1, dropped: 0, failed: 0 });
    const [message] = sent[0]?.messages ?? [];
    expect(message).toMatchObject({ key: null, value: Buffer.alloc(10, 'x') });
    expect(Object.entries(message?.headers ?? {})).toEqual([
      ['__proto__', Buffer.from('kept')],
      ['driftd-topic', 'predictions'],
      ['driftd-partition', '2'],
      ['driftd-offset', '7'],
      ['driftd-timestamp', '17'],
      ['driftd-reason', 'invalid-json'],
      ['driftd-detail', 'not JSON'],
    ]);
  });

  it('go out in what a broker takes at once', async () => {
    const { letters, sent, told } = rig(() => true);
    letters.offer(Array.from({ length: 1_200 }, (_, i) => letter(i)));
    letters.offer([letter(1, 600_000), letter(2, 600_000)]);
    await letters.stop();
    expect(told.sent).toBe(1_202);
    expect(sent.map(({ messages }) => messages.length)).toEqual([500, 500, 200, 1, 1]);
  });

  it('that are too many are dropped and counted, by number and by bytes', async () => {
    let open = (): void => undefined;
    const held = new Promise<boolean>((resolve) => {
      open = () => {
        resolve(true);
      };
    });
    const { letters, told } = rig(() => held);
    letters.offer([letter(0)]);
    letters.offer(Array.from({ length: WAITING.letters + 5 }, (_, i) => letter(i)));
    expect(told.dropped).toBe(5);
    letters.offer([letter(0, WAITING.bytes)]);
    expect(told.dropped).toBe(6);
    open();
    await letters.stop();
    expect(told.sent + told.dropped).toBe(WAITING.letters + 7);
  });

  it('that the brokers never take do not take the others with them', async () => {
    const poison = 3;
    const { letters, told } = rig(
      ({ messages }) =>
        !messages.some(({ headers }) => headers?.['driftd-offset'] === String(poison)),
    );
    letters.offer(Array.from({ length: 10 }, (_, i) => letter(i)));
    await letters.stop();
    expect(told).toEqual({ sent: 9, dropped: 0, failed: 1 });
  });

  it('end with the first that fails for what would fail all of them', async () => {
    const refused = new KafkaJSConnectionError('connect ECONNREFUSED');
    const forbidden = { type: 'TOPIC_AUTHORIZATION_FAILED', code: 29, message: 'Not authorized' };
    const wrapped = new KafkaJSNumberOfRetriesExceeded(refused, { retryCount: 5, retryTime: 1 });
    for (const error of [refused, wrapped, new KafkaJSProtocolError(forbidden as never)]) {
      let singly = 0;
      let failures = 0;
      const { letters, told } = rig(
        ({ messages }) => {
          if (messages.length > 1) return false;
          singly += 1;
          return singly <= 3;
        },
        // The batch is too large for a while; then the brokers are gone.
        () => {
          failures += 1;
          return failures <= 5 ? new Error('too large') : error;
        },
      );
      letters.offer(Array.from({ length: 10 }, (_, i) => letter(i)));
      await letters.stop();
      expect(singly).toBe(4);
      expect(told).toEqual({ sent: 3, dropped: 0, failed: 7 });
    }
  });

  it('are not even sent singly when that is what failed them together', async () => {
    let sends = 0;
    const { letters, told } = rig(
      () => {
        sends += 1;
        return false;
      },
      () => new KafkaJSConnectionError('connect ECONNREFUSED'),
    );
    letters.offer(Array.from({ length: 10 }, (_, i) => letter(i)));
    await letters.stop();
    expect(sends).toBe(5);
    expect(told).toEqual({ sent: 0, dropped: 0, failed: 10 });
  });

  it('that were too many before are counted as dropped', async () => {
    const { letters, told } = rig(() => true);
    letters.offer([letter(0)], 7);
    await letters.stop();
    expect(told).toEqual({ sent: 1, dropped: 7, failed: 0 });
  });
});
