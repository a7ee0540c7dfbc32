import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { sleep } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { startDriftd } from '../demo/daemon.ts';
import type { Daemon } from '../demo/daemon.ts';
import { createDatabase } from '../servers/postgres.ts';
import { createRandom } from '../../test/support/baselines.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const POSTERS = 16;
const START = Date.UTC(2024, 0, 1);

export interface PostsOptions {
  readonly server: string;
  readonly posts: number;
  readonly eventsAPost: number;
  /** How often the daemon is killed. */
  readonly kills: number;
  readonly seed: number;
  readonly timeoutMs: number;
  say(line: string): void;
}

export interface PostsReport {
  readonly posts: number;
  /** Requests that were answered with 202. */
  readonly acknowledged: number;
  /** Requests that had to be sent again, since the daemon died before it answered. */
  readonly repeated: number;
  /** Requests that were sent again since their answer was thrown away, as when it is lost on its way. */
  readonly lost: number;
  /** Requests of which it said that it knew them already: those that were lost, at least. */
  readonly known: number;
  readonly kills: number;
  readonly events: number;
  /** Counted, once in all partitions and once by model. */
  readonly counted: number;
  readonly ofModel: number;
  readonly quarantined: number;
  /** What is left in the inbox at the end. */
  readonly waiting: number;
  readonly seconds: number;
}

/**
 * Posts events to a real daemon that is killed again and again, each request until it is answered, under the same
 * idempotency key; then looks at what was counted. One event in fifty is broken.
 */
export async function racePosts(options: PostsOptions): Promise<PostsReport> {
  const { posts, eventsAPost, kills, seed, timeoutMs, say } = options;
  const url = await createDatabase(options.server);
  const folder = mkdtempSync(path.join(tmpdir(), 'driftd-posts-'));
  const config = path.join(folder, 'driftd.yaml');
  writeFileSync(
    config,
    `postgres: { url: '${url}' }
http: { listen: '127.0.0.1:0' }
http_source: { max_waiting: 5000 }
models: [{ name: posted }]
`,
  );
  const random = createRandom(seed);
  const pool = createPool({
    url,
    max: 2,
    applicationName: 'posts',
    log: createLog('silent'),
  });
  const deadline = Date.now() + timeoutMs;
  const tally = { acknowledged: 0, repeated: 0, lost: 0, known: 0, kills: 0 };
  let daemon: Daemon = await startDriftd({ root: ROOT, config, env: {} });
  let next = 0;
  const started = performance.now();

  async function poster(): Promise<void> {
    for (let post = next++; post < posts; post = next++) {
      let attempts = 0;
      let lost = false;
      for (;;) {
        if (Date.now() > deadline) throw new Error('not all posts were answered in time');
        const answer = await send(daemon.url, post, eventsAPost);
        if (answer?.status === 202 && losesAnswer(post) && !lost) {
          lost = true;
          tally.lost += 1;
          continue;
        }
        if (answer?.status === 202) {
          tally.acknowledged += 1;
          if (answer.known) tally.known += 1;
          break;
        }
        if (answer !== null && answer.status !== 503)
          throw new Error(`post ${post} was answered with ${answer.status}: ${answer.text}`);
        attempts += 1;
        if (attempts === 1) tally.repeated += 1;
        await sleep(20 + 80 * random());
      }
    }
  }

  async function killer(): Promise<void> {
    for (let kill = 1; kill <= kills; kill += 1) {
      const at = Math.floor((posts * kill) / (kills + 1));
      while (next < at && Date.now() < deadline) await sleep(5);
      process.kill(daemon.pid, 'SIGKILL');
      tally.kills += 1;
      say(`killed after ${tally.acknowledged} of ${posts} posts`);
      daemon = await startDriftd({ root: ROOT, config, env: {} });
    }
  }

  try {
    await Promise.all([killer(), ...Array.from({ length: POSTERS }, poster)]);
    const events = posts * eventsAPost;
    let found = await look();
    while (found.counted + found.quarantined < events && Date.now() < deadline) {
      await sleep(100);
      found = await look();
    }
    // What was counted twice would come late.
    await sleep(1_500);
    found = await look();
    const seconds = (performance.now() - started) / 1_000;
    return { ...tally, ...found, posts, events, seconds };
  } finally {
    await daemon.stop();
    await pool.end();
    rmSync(folder, { recursive: true, force: true });
  }

  async function look(): Promise<
    Pick<PostsReport, 'counted' | 'quarantined' | 'ofModel' | 'waiting'>
  > {
    const { rows } = await pool.query<
      Pick<PostsReport, 'counted' | 'quarantined' | 'ofModel' | 'waiting'>
    >(
      `SELECT coalesce(sum(counted), 0)::bigint AS counted, coalesce(sum(quarantined), 0)::bigint AS quarantined,
         coalesce((SELECT sum(events) FROM model_progress), 0)::bigint AS "ofModel",
         (SELECT next_position FROM inbox) - coalesce(max(next_offset), 0) AS waiting
       FROM ingest_partition WHERE source = 'http'`,
    );
    const [row] = rows;
    if (row === undefined) throw new Error('the counts are not there');
    return row;
  }
}

/** Is the answer to the post of this number lost the first time? */
const losesAnswer = (post: number): boolean => post % 40 === 3;

/** Is the event of this number a broken one? */
const isBroken = (event: number): boolean => event % 50 === 7;

/** @returns null: there was no answer */
async function send(
  url: string,
  post: number,
  events: number,
): Promise<{ status: number; known: boolean; text: string } | null> {
  const lines = Array.from({ length: events }, (_, i) => {
    const event = post * events + i;
    return JSON.stringify({
      model: isBroken(event) ? 'nobody' : 'posted',
      ts: START + event * 1_000,
      features: { x: event % 7 },
    });
  });
  try {
    const response = await fetch(`${url}/api/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson', 'idempotency-key': `post-${post}` },
      body: lines.join('\n'),
      signal: AbortSignal.timeout(15_000),
    });
    const text = await response.text();
    const known = response.status === 202 && (JSON.parse(text) as { known: boolean }).known;
    return { status: response.status, known, text };
  } catch {
    return null;
  }
}

/** Broken events among so many. */
export function brokenAmong(events: number): number {
  let broken = 0;
  for (let event = 0; event < events; event += 1) if (isBroken(event)) broken += 1;
  return broken;
}
