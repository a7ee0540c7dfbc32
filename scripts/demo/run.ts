import { join } from 'node:path';
import { sleep } from '../../src/platform/clock.ts';
import { EXIT, toError } from '../../src/platform/errors.ts';
import { createLog } from '../../src/platform/log.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { startKafka } from '../servers/kafka.ts';
import { requireBrokerTools } from '../servers/kafka-jars.ts';
import { makeTempFolder } from '../servers/lifecycle.ts';
import { startMailbox } from '../servers/mailbox.ts';
import type { Mailbox } from '../servers/mailbox.ts';
import { startPostgres } from '../servers/postgres.ts';
import { startDriftd } from './daemon.ts';
import type { Daemon } from './daemon.ts';
import { arrivalOf } from './deliveries.ts';
import { STREAM_TO } from './expectations.ts';
import { startMailPage } from './mail-page.ts';
import { createTopic, publishFlights, writeFlights } from './publisher.ts';
import { createStory } from './story.ts';
import type { Story } from './story.ts';
import { summarize } from './summary.ts';
import { createWatch } from './watch.ts';
import type { Watch } from './watch.ts';

export interface DemoOptions {
  readonly once: boolean;
  readonly keep: boolean;
  /** null: kafka where Java and Maven are there, else replay. */
  readonly source: 'kafka' | 'replay' | null;
  readonly signal: AbortSignal;
  /** The project's folder. */
  readonly root: string;
}

const TOPIC = 'predictions';
const PARTITIONS = 4;
const DAY_MS = 200;
const LOOK_MS = 250;
/** The stream's flights, by the file; only the bar needs to know. */
const STREAM_EVENTS = 25_814;
/** The last tick of the stream: the last day's midnight. */
const LAST_TICK = STREAM_TO - 86_400_000;
/** After the last event, evaluations and mails are done within this. */
const SETTLE_MS = 60_000;

type Stop = () => Promise<void> | void;

/** Runs the demo. @returns the exit code */
export async function runDemo(options: DemoOptions): Promise<number> {
  const story = createStory(process.stdout);
  const stops: Stop[] = [];
  try {
    return await play(options, story, stops);
  } finally {
    for (const stop of stops.reverse()) {
      try {
        await stop();
      } catch (thrown) {
        process.stderr.write(`stopping a part of the demo failed: ${toError(thrown).message}\n`);
      }
    }
  }
}

async function chooseSource(options: DemoOptions, story: Story): Promise<'kafka' | 'replay'> {
  if (options.source !== null) return options.source;
  try {
    await requireBrokerTools();
    return 'kafka';
  } catch (thrown) {
    story.say(`  ${toError(thrown).message}`);
    story.say('  Until then the same events come from a file: the replay source.');
    return 'replay';
  }
}

async function play(options: DemoOptions, story: Story, stops: Stop[]): Promise<number> {
  const { signal, root } = options;
  story.title('driftd: a year of New York flights against the training data of January');
  const source = await chooseSource(options, story);
  const postgres = await startPostgres();
  let kept: string | null = null;
  stops.push(async () => {
    // A demo that never came to have a database leaves nothing to look at.
    if (!options.keep || kept === null) {
      await postgres.stop();
      return;
    }
    const { pid, folder } = postgres.leave();
    story.say(`\n  The database stays, at ${kept}`);
    story.say(`  End it with: kill -INT ${pid} && sleep 1 && rm -r ${folder}`);
  });
  const url = await postgres.createDatabase();
  kept = url;
  story.started('Postgres', url.replace(/\/\/[^@]*@/, '//'));
  const mailbox = await startMailbox();
  stops.push(() => mailbox.stop());
  story.started('mailbox', `smtp://${mailbox.host}:${mailbox.port}`);
  const page = await startMailPage(mailbox);
  stops.push(() => page.stop());

  const env: Record<string, string> = {
    DATABASE_URL: url,
    DRIFTD_DEMO_SMTP_PORT: String(mailbox.port),
  };
  let publish: () => Promise<number>;
  if (source === 'kafka') {
    const kafka = await startKafka({
      onProgress: (line) => {
        story.say(`  ${line}`);
      },
    });
    stops.push(() => kafka.stop());
    story.started('Kafka', kafka.brokers.join(', '));
    const topic = { brokers: kafka.brokers, name: TOPIC, partitions: PARTITIONS };
    await createTopic(topic);
    env['DRIFTD_DEMO_BROKER'] = kafka.brokers[0] ?? '';
    publish = () => publishFlights(topic, { dayMs: DAY_MS, signal });
  } else {
    const folder = makeTempFolder('demo');
    stops.push(() => folder.remove());
    const path = join(folder.path, 'events.ndjson');
    const written = await writeFlights(path);
    story.started('replay', `${written} events from a file, without Kafka`);
    env['DRIFTD_DEMO_FILE'] = path;
    publish = () => Promise.resolve(written);
  }
  const config = source === 'kafka' ? 'demo.yaml' : 'demo-replay.yaml';
  const daemon = await startDriftd({ root, config: join(root, 'config', config), env });
  stops.push(() => daemon.stop());
  story.started('driftd', `${daemon.url}  (driftd run --config config/${config})`);

  const pool = createPool({
    url,
    max: 2,
    applicationName: 'driftd demo',
    log: createLog('silent'),
  });
  stops.push(() => pool.end());
  const watch = createWatch(pool);
  story.say(
    '\n  February to December pass, about five days a second; each midnight the last 7 days are judged.\n',
  );
  const published = await follow(watch, story, mailbox, daemon, publish, options);
  const code = await conclude({
    watch,
    story,
    mailbox,
    published,
    pool,
    signal,
    once: options.once,
  });

  if (options.once || signal.aborted) return code;
  story.say('');
  story.started('mails', page.url);
  story.started('metrics', `${daemon.url}/metrics`);
  story.started('health', `${daemon.url}/health`);
  story.say('\n  Ctrl-C ends the demo.');
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
  return EXIT.ok;
}

/** Publishes, and shows what driftd makes of it until everything is counted and judged. */
async function follow(
  watch: Watch,
  story: Story,
  mailbox: Mailbox,
  daemon: Daemon,
  publish: () => Promise<number>,
  { signal }: DemoOptions,
): Promise<number> {
  story.begin(STREAM_EVENTS);
  let published: number | null = null;
  let failure: Error | null = null;
  publish().then(
    (count) => {
      published = count;
    },
    (thrown: unknown) => {
      failure = toError(thrown);
    },
  );
  let told = 0;
  let still = performance.now();
  let last = '';
  while (!signal.aborted) {
    if (failure !== null) throw failure as Error;
    daemon.assertRunning();
    const { events, day } = await watch.counted();
    const latest = await watch.latest();
    if (latest !== null) story.features(latest.windowEnd, latest.lines);
    for (; told < mailbox.messages.length; told += 1) {
      const mail = mailbox.messages[told];
      if (mail !== undefined) story.alert((await arrivalOf(mail)).subject);
    }
    story.progress(events, day);
    const state = `${events} ${latest?.windowEnd ?? 0} ${told}`;
    if (state !== last) still = performance.now();
    last = state;
    const queued = (await watch.messages()).filter((row) => row.state === 'pending').length;
    if (
      published !== null &&
      events >= published &&
      (latest?.windowEnd ?? 0) >= LAST_TICK &&
      queued === 0
    )
      break;
    if (published !== null && performance.now() - still > SETTLE_MS) break;
    await sleep(LOOK_MS, signal);
  }
  story.end();
  return published ?? 0;
}

interface Ending {
  readonly watch: Watch;
  readonly story: Story;
  readonly mailbox: Mailbox;
  readonly published: number;
  readonly pool: Pool;
  readonly signal: AbortSignal;
  readonly once: boolean;
}

async function conclude(ending: Ending): Promise<number> {
  const { watch, story, mailbox, published, signal, once } = ending;
  // Cut short, nothing is shown to be right; only who asked for the verdict is told so by the exit code.
  if (signal.aborted) {
    if (once) story.say('\n  Cut short: nothing was checked.');
    return once ? EXIT.unexpected : EXIT.ok;
  }
  const { events } = await watch.counted();
  // The mails first: a message is stored before its mail is sent.
  const mails = await Promise.all(mailbox.messages.map(arrivalOf));
  const stored = await watch.messages();
  const summary = summarize({ published, counted: events, stored, mails });
  for (const line of summary.lines) story.say(line);
  return summary.ok ? EXIT.ok : EXIT.unexpected;
}
