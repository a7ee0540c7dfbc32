import type { KafkaOracle } from './kafka-oracle.ts';

/** What is written to a topic; how it is to be read Apache Kafka's own consumer says. */
export interface SourceCase {
  readonly name: string;
  /** Default 1. */
  readonly partitions?: number;
  readonly settings?: readonly string[];
  /** Records that Kafka's consumer sees in the end: waited for where the broker works later (compaction). */
  readonly left?: number;
  /** The reader cannot get to the end of the log: a transaction is open. */
  readonly open?: boolean;
  produce(kafka: KafkaOracle, topic: string): Promise<void>;
}

/** A producer of the Java client under one name, for one case. */
async function producer(kafka: KafkaOracle, name: string, ...settings: string[]): Promise<void> {
  await kafka.run('producer', name, 'linger.ms=2000', 'batch.size=1000000', ...settings);
}

/** Each text becomes a batch of its own. */
async function sendEach(
  kafka: KafkaOracle,
  name: string,
  topic: string,
  values: readonly string[],
) {
  for (const value of values) {
    await kafka.run('send', name, topic, 0, `key-${value}`, value);
    await kafka.run('flush', name);
  }
}

async function inTransaction(
  kafka: KafkaOracle,
  end: 'commit' | 'abort',
  values: readonly string[],
  { name, topic }: { name: string; topic: string },
): Promise<void> {
  await kafka.run('begin', name);
  await sendEach(kafka, name, topic, values);
  await kafka.run(end, name);
}

async function transactional(kafka: KafkaOracle, topic: string, ...settings: string[]) {
  await producer(kafka, topic, `transactional.id=${topic}`, ...settings);
  return { name: topic, topic };
}

/** Two producers whose transactions overlap, in steps such as `a+ b+ a1 b2 a! b-` (begin, send, commit, abort). */
async function overlapping(kafka: KafkaOracle, topic: string, steps: string): Promise<void> {
  for (const name of ['a', 'b'])
    await producer(kafka, topic + name, `transactional.id=${topic}${name}`);
  for (const [who = '', what = ''] of steps.split(' ')) {
    const name = topic + who;
    if (what === '+') await kafka.run('begin', name);
    else if (what === '!') await kafka.run('commit', name);
    else if (what === '-') await kafka.run('abort', name);
    else await sendEach(kafka, name, topic, [who + what]);
  }
  for (const name of ['a', 'b']) await kafka.run('close', topic + name);
}

export const TRANSACTIONS: readonly SourceCase[] = [
  {
    name: 'committed',
    async produce(kafka, topic) {
      const on = await transactional(kafka, topic);
      await inTransaction(kafka, 'commit', ['1', '2'], on);
      await inTransaction(kafka, 'commit', ['3'], on);
      await kafka.run('close', topic);
    },
  },
  {
    name: 'aborted twice by one producer, between committed ones',
    async produce(kafka, topic) {
      const on = await transactional(kafka, topic);
      await inTransaction(kafka, 'commit', ['1'], on);
      await inTransaction(kafka, 'abort', ['2', '3'], on);
      await inTransaction(kafka, 'abort', ['4'], on);
      await inTransaction(kafka, 'commit', ['5'], on);
      await kafka.run('close', topic);
    },
  },
  {
    name: 'interleaved, the first to begin is the last to be aborted',
    produce: (kafka, topic) =>
      overlapping(kafka, topic, 'a+ a1 b+ b1 a2 b2 b- b+ b3 a3 a- b4 b! a+ a4 a!'),
  },
  {
    name: 'interleaved, one aborted and one committed',
    produce: (kafka, topic) =>
      overlapping(kafka, topic, 'a+ b+ a1 b1 a2 b2 a! b3 b- a+ b+ b4 a3 b! a4 a-'),
  },
  {
    name: 'open at the end',
    open: true,
    async produce(kafka, topic) {
      const on = await transactional(kafka, topic);
      await inTransaction(kafka, 'commit', ['1', '2'], on);
      await kafka.run('begin', topic);
      await sendEach(kafka, topic, topic, ['3', '4']);
    },
  },
  {
    name: 'empty ones among others',
    async produce(kafka, topic) {
      const on = await transactional(kafka, topic);
      await inTransaction(kafka, 'commit', [], on);
      await inTransaction(kafka, 'commit', ['1'], on);
      await inTransaction(kafka, 'abort', [], on);
      await inTransaction(kafka, 'commit', ['2'], on);
      await kafka.run('close', topic);
    },
  },
  {
    name: 'aborted only',
    async produce(kafka, topic) {
      const on = await transactional(kafka, topic);
      await inTransaction(kafka, 'abort', ['1', '2'], on);
      await inTransaction(kafka, 'abort', ['3'], on);
      await kafka.run('close', topic);
    },
  },
  {
    name: 'over several partitions',
    partitions: 3,
    async produce(kafka, topic) {
      await producer(kafka, topic, `transactional.id=${topic}`);
      for (const [at, end] of ['commit', 'abort', 'commit'].entries()) {
        await kafka.run('begin', topic);
        for (const partition of [0, 1, 2])
          await kafka.run('fill', topic, topic, partition, 4, `t${at}-`);
        await kafka.run(end, topic);
      }
      await kafka.run('close', topic);
    },
  },
  {
    name: 'aborted and compressed',
    async produce(kafka, topic) {
      const on = await transactional(kafka, topic, 'compression.type=zstd');
      for (const end of ['commit', 'abort', 'commit'] as const) {
        await kafka.run('begin', topic);
        await kafka.run('fill', topic, topic, 0, 500, end);
        await kafka.run(end, topic);
      }
      await inTransaction(kafka, 'abort', ['last'], on);
      await kafka.run('close', topic);
    },
  },
  {
    name: 'aborted, larger than a fetch',
    async produce(kafka, topic) {
      await producer(kafka, topic, `transactional.id=${topic}`, 'max.request.size=1000000');
      for (const end of ['abort', 'commit']) {
        await kafka.run('begin', topic);
        for (let i = 0; i < 12; i += 1) await kafka.run('bulk', topic, topic, 0, 900_000);
        await kafka.run(end, topic);
      }
      await kafka.run('close', topic);
    },
  },
  {
    name: 'keys that look like the marker of an abort',
    async produce(kafka, topic) {
      await producer(kafka, topic, `transactional.id=${topic}`);
      for (const end of ['abort', 'commit', 'abort']) {
        await kafka.run('begin', topic);
        for (const value of ['1', '2', '3']) {
          await kafka.run('send', topic, topic, 0, '0x00000000', value);
          await kafka.run('flush', topic);
        }
        await kafka.run(end, topic);
      }
      await kafka.run('close', topic);
    },
  },
];

const COMPACTED = [
  'cleanup.policy=compact',
  'segment.ms=200',
  'min.cleanable.dirty.ratio=0.001',
  'min.compaction.lag.ms=0',
  'delete.retention.ms=0',
];

/** One batch of records with these keys; the value tells the batch. A pause first: the segment before it is closed. */
async function batchOf(kafka: KafkaOracle, topic: string, batch: number, keys: string) {
  await new Promise((resolve) => setTimeout(resolve, 300));
  for (const key of keys) await kafka.run('send', topic, topic, 0, key, `${key}${batch}`);
  await kafka.run('flush', topic);
}

async function compacted(kafka: KafkaOracle, topic: string, batches: readonly string[]) {
  await producer(kafka, topic);
  for (const [at, keys] of batches.entries()) await batchOf(kafka, topic, at, keys);
  await kafka.run('close', topic);
}

export const COMPACTIONS: readonly SourceCase[] = [
  {
    name: 'a segment in which every batch is empty',
    settings: COMPACTED,
    left: 4,
    produce: (kafka, topic) => compacted(kafka, topic, ['abc', 'abc', 'abc', 'x']),
  },
  {
    name: 'empty batches between others',
    settings: COMPACTED,
    left: 8,
    produce: (kafka, topic) => compacted(kafka, topic, ['ab', 'cd', 'ab', 'ef', 'ab', 'x', 'x']),
  },
  {
    name: 'batches that have lost their tail, or their head',
    settings: COMPACTED,
    left: 8,
    produce: (kafka, topic) => compacted(kafka, topic, ['abc', 'bcd', 'ebf', 'x', 'x']),
  },
];

export const CODECS: readonly SourceCase[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'].map(
  (codec) => ({
    name: codec,
    async produce(kafka, topic) {
      await producer(kafka, topic, `compression.type=${codec}`);
      await kafka.run('fill', topic, topic, 0, 3, 'few-');
      await kafka.run('flush', topic);
      // Several blocks of each codec's framing.
      await kafka.run('fill', topic, topic, 0, 6_000, 'many-of-those-that-are-alike-');
      await kafka.run('bulk', topic, topic, 0, 900_000);
      await kafka.run('close', topic);
    },
  }),
);

export const ODDITIES: readonly SourceCase[] = [
  {
    name: 'tombstones, null and empty keys and values',
    async produce(kafka, topic) {
      await producer(kafka, topic);
      await kafka.run('send', topic, topic, 0, 'key', '~');
      await kafka.run('send', topic, topic, 0, '~', 'value');
      await kafka.run('send', topic, topic, 0, '~', '~');
      await kafka.run('send', topic, topic, 0, '', '');
      await kafka.run('send', topic, topic, 0, '0x00ff', '0xfffe00');
      await kafka.run('close', topic);
    },
  },
  {
    name: 'headers: several, of one name, without a value',
    async produce(kafka, topic) {
      await producer(kafka, topic);
      await kafka.run('send', topic, topic, 0, '~', '1', 'ce_id=7', 'ce_type=prediction');
      await kafka.run('send', topic, topic, 0, '~', '2', 'twice=a', 'twice=b', 'none=~', 'empty=');
      await kafka.run('close', topic);
    },
  },
  {
    name: "the broker's time",
    settings: ['message.timestamp.type=LogAppendTime'],
    async produce(kafka, topic) {
      await producer(kafka, topic, 'compression.type=gzip');
      await kafka.run('fill', topic, topic, 0, 50, 'value-');
      await kafka.run('close', topic);
    },
  },
];
