import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { KAFKA_VERSION, kafkaJars, requireJava } from '../../scripts/servers/kafka-jars.ts';

const SOURCE = path.join(import.meta.dirname, '../java/KafkaOracle.java');
const JVM = ['-Xmx1280m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];

/** A record as Apache Kafka's own consumer sees it. Bytes in hex; null: "~". */
export interface OracleRecord {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string;
  readonly value: string;
  /** `name=hex`, in order. */
  readonly headers: readonly string[];
}

/** Apache Kafka's own client; test/java/KafkaOracle.java lists the commands. */
export interface KafkaOracle {
  /** @throws Error with what Kafka said */
  run(...words: readonly (string | number)[]): Promise<readonly string[]>;
  /** Everything committed, by partition and offset. */
  consume(topic: string): Promise<readonly OracleRecord[]>;
  stop(): Promise<void>;
}

interface Pending {
  readonly lines: string[];
  readonly resolve: (lines: readonly string[]) => void;
  readonly reject: (error: Error) => void;
}

/** Starts the client, in a process that ends with this one (or with `stop`). */
export async function startOracle(brokers: readonly string[]): Promise<KafkaOracle> {
  const classpath = path.join(await kafkaJars(KAFKA_VERSION), '*');
  const args = [...JVM, '-cp', classpath, SOURCE, brokers.join(',')];
  const process = spawn(await requireJava(), args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const waiting: Pending[] = [];
  const ended = new Promise<void>((resolve) => {
    process.once('close', () => {
      for (const { reject } of waiting) reject(new Error('the Java client has ended'));
      resolve();
    });
  });
  createInterface({ input: process.stdout }).on('line', (line) => {
    const [pending] = waiting;
    if (pending === undefined) return;
    if (line === 'ok') pending.resolve(pending.lines);
    else if (line.startsWith('error ')) pending.reject(new Error(line.slice('error '.length)));
    else {
      pending.lines.push(line);
      return;
    }
    waiting.shift();
  });
  const run: KafkaOracle['run'] = (...words) =>
    new Promise((resolve, reject) => {
      waiting.push({ lines: [], resolve, reject });
      process.stdin.write(`${words.join('\t')}\n`);
    });
  return {
    run,
    consume: async (topic) => (await run('consume', topic)).map(recordOf),
    stop() {
      process.stdin.end();
      return ended;
    },
  };
}

function recordOf(line: string): OracleRecord {
  const [, partition, offset, timestamp, key = '', value = '', headers = ''] = line.split('\t');
  return {
    partition: Number(partition),
    offset: Number(offset),
    timestamp: Number(timestamp),
    key,
    value,
    headers: headers === '' ? [] : headers.split(','),
  };
}
