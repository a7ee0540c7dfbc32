/**
 * Events per second and CPU per event, side by side: kafkajs alone, with JSON.parse, with JSON.parse and counting into Maps,
 * and driftd end to end (durable, exactly once) on its fast and on its fallback path: on events that are unusual, all of which
 * go through JSON.parse, beside kafkajs + JSON.parse on the same events. One broker, one database, rounds in
 * turn, each reader in a process of its own that has warmed up on a topic of the same kind; medians.
 * Run: npm run bench:ingest [-- --rounds 3 --events 1000000 --only base]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { CompressionTypes, Kafka, logLevel, Partitioners } from 'kafkajs';

import { startKafka } from '../scripts/servers/kafka.ts';
import { makeTempFolder, spawnGuarded } from '../scripts/servers/lifecycle.ts';
import { startPostgres } from '../scripts/servers/postgres.ts';
import { eventsOf, MODEL, trainingRows } from './ingest/events.ts';
import type { Workload } from './ingest/events.ts';
import { printCosts, printRatios } from './ingest/report.ts';
import type { Measured } from './ingest/report.ts';
import { PARTITIONS } from './ingest/task.ts';
import type { Order, Reading, Task } from './ingest/task.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    events: { type: 'string', default: '1000000' },
    /** `base`: without wide events and segments; `driftd`: driftd alone, on usual events. */
    only: { type: 'string', default: '' },
    /** Writes a CPU profile of each driftd process into this folder. */
    profile: { type: 'string', default: '' },
  },
});
const rounds = Number(options.rounds);
const events = Number(options.events);

const usual: Workload = { name: 'usual', events, features: 25, segments: 0, unusual: false };
const unusual: Workload = { ...usual, name: 'unusual', unusual: true };
const wide: Workload = { ...usual, name: 'wide', events: Math.round(events / 15), features: 500 };
const sliced: Workload = { ...usual, name: 'sliced', events: Math.round(events / 3), segments: 50 };

interface Case {
  readonly name: string;
  readonly reader: Order['reader'];
  readonly work: Workload;
}
const COMPARED: readonly Case[] = [
  { name: 'kafkajs', reader: 'raw', work: usual },
  { name: 'kafkajs + JSON.parse', reader: 'parse', work: usual },
  { name: 'kafkajs + JSON.parse + Maps', reader: 'maps', work: usual },
  { name: 'driftd', reader: 'driftd', work: usual },
  { name: 'kafkajs + JSON.parse, unusual', reader: 'parse', work: unusual },
  { name: 'driftd, unusual', reader: 'driftd', work: unusual },
];
const FURTHER: readonly Case[] = [
  { name: 'driftd, 500 features', reader: 'driftd', work: wide },
  { name: 'kafkajs + JSON.parse, 500 features', reader: 'parse', work: wide },
  { name: 'driftd, 50 segments', reader: 'driftd', work: sliced },
];
const only: Readonly<Record<string, readonly Case[]>> = {
  base: COMPARED,
  driftd: COMPARED.filter(({ name }) => name === 'driftd'),
};
const cases = only[options.only] ?? [...COMPARED, ...FURTHER];
/**
 * Values that a topic holds beyond those that are measured: a backlog is measured, not its end, where driftd waits until
 * its checkpoint interval is over.
 */
const VALUES_BEYOND = 2_500_000;
/** Events to warm up with, as a share of those that are measured. */
const WARM_UP = 0.5;

const folder = makeTempFolder('bench-ingest');
const kafka = await startKafka();
const postgres = await startPostgres({ durable: true });
try {
  for (const work of new Set(cases.map((one) => one.work))) {
    await fill(warmUpOf(work));
    await fill(work);
  }
  const readings = new Map<Case, Reading[]>(cases.map((one) => [one, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const one of cases) readings.get(one)?.push(await read(one));
  }
  const measured = cases.map((one): Measured => ({ ...one, readings: readings.get(one) ?? [] }));
  process.stdout.write(
    `\nevents of 25 features in ${PARTITIONS} partitions, medians of ${rounds} rounds\n\n`,
  );
  if (cases.length >= COMPARED.length) printRatios(measured.slice(0, COMPARED.length));
  if (cases.length > COMPARED.length) {
    process.stdout.write('\ncost of a value\n\n');
    printCosts(measured);
  }
} finally {
  await postgres.stop();
  await kafka.stop();
  folder.remove();
}

function warmUpOf(work: Workload): Workload {
  return { ...work, name: `${work.name}-first`, events: Math.round(work.events * WARM_UP) };
}

/** Makes the topic of a workload and writes its events; training rows and a configuration for driftd beside it. */
async function fill(work: Workload): Promise<void> {
  const client = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  await admin.createTopics({
    topics: [{ topic: work.name, numPartitions: PARTITIONS, replicationFactor: 1 }],
    waitForLeaders: true,
  });
  await admin.disconnect();
  const producer = client.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  let messages: { value: string; partition: number }[] = [];
  const send = async (): Promise<void> => {
    await producer.send({ topic: work.name, messages, compression: CompressionTypes.None });
    messages = [];
  };
  const atOnce = Math.max(100, Math.round(100_000 / work.features));
  let index = 0;
  const all = work.events + Math.ceil(VALUES_BEYOND / work.features);
  for (const value of eventsOf({ ...work, events: all })) {
    messages.push({ value, partition: index % PARTITIONS });
    index += 1;
    if (messages.length === atOnce) await send();
  }
  await send();
  await producer.disconnect();
  const home = path.join(folder.path, work.name);
  mkdirSync(path.join(home, 'baselines'), { recursive: true });
  writeFileSync(path.join(home, 'baselines', `${MODEL}.csv`), trainingRows(work.features, 5_000));
  writeFileSync(
    path.join(home, 'driftd.yaml'),
    `kafka: { brokers: ${JSON.stringify(kafka.brokers)}, group: ${work.name}, topics: [{ name: ${work.name}, start: earliest }] }
postgres: { url: "\${DATABASE_URL}" }
baselines: { directory: ./baselines }
models: [{ name: ${MODEL}${work.segments === 0 ? '' : ', attributes: [country]'} }]
`,
  );
}

/** One reading, by a process of its own on a database of its own. */
async function read({ name, reader, work }: Case): Promise<Reading> {
  const tasks: Task[] = [];
  for (const { name: topic, events: count } of [warmUpOf(work), work]) {
    tasks.push({
      brokers: kafka.brokers,
      topic,
      events: count,
      config: path.join(folder.path, topic, 'driftd.yaml'),
      databaseUrl: reader === 'driftd' ? await postgres.createDatabase() : '',
    });
  }
  const order: Order = { reader, tasks };
  const child = new URL('./ingest/reader.ts', import.meta.url).pathname;
  const flags =
    options.profile !== '' && reader === 'driftd'
      ? ['--cpu-prof', `--cpu-prof-dir=${options.profile}/${work.name}`]
      : [];
  // driftd runs as its image does; whoever writes a worker in an afternoon leaves Node as it is.
  const env = { ...process.env, ...(reader === 'driftd' ? {} : { NODE_OPTIONS: '' }) };
  const guarded = await spawnGuarded(process.execPath, [...flags, child, JSON.stringify(order)], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  guarded.child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  await guarded.exited;
  const line = output.trim().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) throw new Error(`${name} ended without a reading:\n${output}`);
  const reading = JSON.parse(line) as Reading;
  process.stderr.write(
    `${name}: ${Math.round((work.events / reading.ms) * 1_000)} events/s, ${((reading.cpuMs * 1_000) / work.events).toFixed(2)} µs CPU an event\n`,
  );
  return reading;
}
