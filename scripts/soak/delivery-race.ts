import { spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import type { DigestMessage } from '../../src/core/alerting/message.ts';
import { createLog } from '../../src/platform/log.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { createRandom } from '../../test/support/baselines.ts';
import { startHttpSink } from '../../test/support/http-sink.ts';
import { startMailbox } from '../servers/mailbox.ts';
import { createDatabase } from '../servers/postgres.ts';
import { changeAt, FEATURES, RECEIVER, STEPS } from './delivery-steps.ts';

export interface DeliveryOptions {
  /** A Postgres server that databases may be made on. */
  readonly server: string;
  readonly transitions: number;
  /** Kills at each step. */
  readonly killsPerStep: number;
  readonly seed: number;
  say(line: string): void;
}

export interface DeliveryReport {
  /** Messages that were queued, one a group and recipient: several transitions may have become one. */
  readonly messages: number;
  readonly arrived: number;
  /** Queued and never arrived. */
  readonly lost: readonly string[];
  /** Keys that nobody queued. */
  readonly unknown: readonly string[];
  /** Changes of an alert that no message tells of, by recipient, or tells of in the wrong order. */
  readonly untold: readonly string[];
  /** Messages that arrived with another content than is stored. */
  readonly altered: readonly string[];
  readonly duplicates: number;
  /** Processes that were killed, by step. */
  readonly kills: Readonly<Record<string, number>>;
}

/** A process that is killed may have one message a channel under way: the next of the group waits for it. */
export const UNDER_WAY = RECEIVER.targets.length;

const WORKER = fileURLToPath(new URL('delivery-worker.ts', import.meta.url));
const log = createLog('silent');

/**
 * Makes alert transitions and delivers them by SMTP and HTTP, with processes that are killed at every step, one after
 * another; the last one may end. Counts what a real mail server and a real HTTP server got.
 */
export async function raceDelivery(options: DeliveryOptions): Promise<DeliveryReport> {
  const { transitions, killsPerStep, seed, say } = options;
  const url = await createDatabase(options.server);
  await prepare(url);
  const [mailbox, sink] = [await startMailbox(), await startHttpSink()];
  const random = createRandom(seed);
  const kills: Record<string, number> = {};
  try {
    const run = (step: string, times: number): Promise<NodeJS.Signals | null> =>
      runWorker([url, String(transitions), String(mailbox.port), sink.url, step, String(times)]);
    for (let round = 0; round < killsPerStep; round += 1) {
      for (const step of STEPS) {
        // Every process gets about as far: the last still finds something to do, though three transitions make one message.
        const share = transitions / 3 / (killsPerStep * STEPS.length);
        const signal = await run(step, 1 + Math.floor(random() * share * 0.8));
        if (signal === 'SIGKILL') kills[step] = (kills[step] ?? 0) + 1;
      }
      say(
        `${mailbox.messages.length + sink.requests.length} messages arrived after ${(round + 1) * STEPS.length} processes`,
      );
    }
    await run('', 1);
    const mails = mailbox.messages.map(
      ({ raw }) => /^X-Driftd-Dedup-Key:\s+(\S+)/im.exec(raw.toString())?.[1] ?? '',
    );
    const posts = sink.requests.map(({ headers, body }) => ({
      key: String(headers['idempotency-key']),
      alerts: (JSON.parse(body) as { alerts: readonly PostedAlert[] }).alerts,
    }));
    const stored = await readStored(url);
    const keys = [...mails, ...posts.map(({ key }) => key)];
    return { ...compare(keys, stored), ...contents(posts, stored, transitions), kills };
  } finally {
    await mailbox.stop();
    await sink.stop();
  }
}

interface StoredMessage {
  readonly key: string;
  readonly channel: string;
  readonly message: DigestMessage;
}

interface PostedAlert {
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

async function readStored(url: string): Promise<StoredMessage[]> {
  const pool = createPool({ url, max: 1, applicationName: 'soak', log });
  try {
    const { rows } = await pool.query<StoredMessage>(
      'SELECT dedup_key AS key, channel, message FROM outbox ORDER BY id',
    );
    return rows;
  } finally {
    await pool.end();
  }
}

function compare(
  keys: readonly string[],
  stored: readonly StoredMessage[],
): Pick<DeliveryReport, 'messages' | 'arrived' | 'lost' | 'unknown' | 'duplicates'> {
  const wanted = new Set(stored.map(({ key }) => key));
  const found = new Set(keys);
  return {
    messages: wanted.size,
    arrived: keys.length,
    lost: [...wanted].filter((key) => !found.has(key)),
    unknown: [...found].filter((key) => !wanted.has(key)),
    duplicates: keys.length - found.size,
  };
}

/** "temp 3 resolved" of everything that a message tells. */
const tellings = ({ features }: DigestMessage): string[] =>
  features.map(({ feature, incident, notice }) => `${feature} ${String(incident)} ${notice ?? ''}`);

/**
 * Every change must be told to every recipient, in order; one that was over before its message left may be told as over.
 * What was posted must be what is stored: a message is not changed once it was tried.
 */
function contents(
  posts: readonly { readonly key: string; readonly alerts: readonly PostedAlert[] }[],
  stored: readonly StoredMessage[],
  transitions: number,
): Pick<DeliveryReport, 'untold' | 'altered'> {
  const untold: string[] = [];
  for (const { channel } of RECEIVER.targets) {
    const told = stored
      .filter((one) => one.channel === channel)
      .flatMap((one) => tellings(one.message));
    const places = new Map<string, number>();
    for (let i = 1; i <= transitions; i += 1) {
      const { feature, incident, notice } = changeAt(i);
      const place = [notice, 'resolved']
        .map((as) => told.indexOf(`${feature} ${String(incident)} ${as}`))
        .find((at) => at >= 0);
      if (place === undefined || place < (places.get(feature) ?? 0))
        untold.push(`${channel}: ${feature} ${String(incident)} ${notice}`);
      else places.set(feature, place);
    }
  }
  const byKey = new Map(stored.map((one) => [one.key, one.message]));
  const altered = posts.filter(({ key, alerts }) => {
    const message = byKey.get(key);
    const posted = alerts.map(({ status, labels, annotations }) =>
      [labels['feature'], annotations['incident'], status === 'firing' ? 'first' : status].join(
        ' ',
      ),
    );
    return message !== undefined && posted.join() !== tellings(message).join();
  });
  return { untold, altered: altered.map(({ key }) => key) };
}

async function prepare(url: string): Promise<void> {
  const pool = createPool({ url, max: 1, applicationName: 'soak', log });
  try {
    await migrate(pool, log);
    await pool.query(
      `WITH m AS (INSERT INTO model (name) VALUES ('flights-late') RETURNING id),
         f AS (INSERT INTO feature (model_id, name, kind, role, tier)
               SELECT id, unnest($1::text[]), 'numeric', 'input', 'standard' FROM m)
       INSERT INTO monitor (name, model_id) SELECT 'flights-daily', id FROM m`,
      [FEATURES],
    );
  } finally {
    await pool.end();
  }
}

/** @returns the signal that ended it */
function runWorker(argv: readonly string[]): Promise<NodeJS.Signals | null> {
  return new Promise((resolve, reject) => {
    const worker = spawn(process.execPath, [WORKER, ...argv], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    worker.on('error', reject);
    worker.on('exit', (code, signal) => {
      if (code === 0 || signal === 'SIGKILL') resolve(signal);
      else reject(new Error(`a process ended with ${String(code ?? signal)}`));
    });
  });
}
