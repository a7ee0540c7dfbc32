import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../scripts/servers/free-port.ts';
import { createApp } from '../../src/app/app.ts';
import { validateCron } from '../../src/app/validate-cron.ts';
import type { Finding } from '../../src/app/status/finding.ts';
import { loadConfig } from '../../src/config/load.ts';
import { EXIT } from '../../src/platform/errors.ts';
import { sleep, systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { spawnDriftd } from '../support/driftd.ts';
import {
  expectGauge,
  expectReady,
  startFaultRig,
  subjectAt,
  TOPIC,
  WAIT,
} from '../support/fault-rig.ts';
import type { FaultRig, Subject } from '../support/fault-rig.ts';

/** Tables that checkpoints, evaluations, messages and processes are written to. */
const WRITTEN = ['tile', 'ingest_partition', 'evaluation', 'outbox', 'replica'];
const LAG = `driftd_consumer_lag{topic="${TOPIC}",partition="0"}`;
const REFRESHED = 'driftd_gauges_refreshed_timestamp_seconds';

type Expected = readonly [check: string, state: Finding['state'], says: RegExp];
type Gauge = readonly [series: string, holds: (value: number | undefined) => boolean];

/** A state that driftd can get into, and what is true of it. */
interface State {
  readonly name: string;
  /** Makes it so. @returns the process to ask, if it is not the daemon; and what makes it well again, null: nothing */
  readonly make: () => Promise<{
    readonly subject?: Subject;
    readonly mend: (() => Promise<void>) | null;
  }>;
  /** null: it does not answer. */
  readonly livez: 200 | null;
  /** What keeps it from being ready, alone; null: nothing. */
  readonly unready: readonly [check: string, reason: RegExp] | null;
  readonly doctor: Expected;
  readonly exit?: number;
  readonly gauges: readonly Gauge[];
}

let rig: FaultRig;

beforeAll(async () => {
  rig = await startFaultRig();
  await rig.send(10);
  await vi.waitFor(async () => expect(await rig.counted()).toBe(10), WAIT);
});
afterAll(() => rig.stop());

const is =
  (wanted: number | undefined) =>
  (value: number | undefined): boolean =>
    value === wanted;
const atLeast =
  (least: number) =>
  (value: number | undefined): boolean =>
    value !== undefined && value >= least;

async function sql(text: string): Promise<void> {
  await rig.pool.query(text);
}

/** Every checkpoint takes its time, and succeeds. */
async function slowCheckpoints(seconds: number): Promise<() => Promise<void>> {
  await sql(`CREATE FUNCTION is_slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(${seconds}); RETURN NULL; END $$;
    CREATE TRIGGER is_slow BEFORE UPDATE ON ingest_partition FOR EACH STATEMENT EXECUTE FUNCTION is_slow()`);
  const enough = new AbortController();
  const sending = (async () => {
    while (!enough.signal.aborted) {
      await rig.send(20);
      await sleep(100, enough.signal);
    }
  })();
  return async () => {
    enough.abort();
    await sending;
    // It waits for the checkpoint that is under way, longer than anybody else would.
    await sql("SET LOCAL lock_timeout = '9s'; DROP FUNCTION is_slow CASCADE");
  };
}

/** A process of driftd that only evaluates, whose scheduler counts as stuck soon. */
async function startEvaluator(): Promise<{ subject: Subject; stop: () => Promise<void> }> {
  const load = () => loadConfig(rig.config(0), { env: {}, validateCron });
  const app = await createApp({
    config: await load(),
    load,
    roles: new Set(['evaluate']),
    log: createLog('silent'),
    clock: systemClock,
    schedulerStuckMs: 4_000,
  });
  await app.start();
  const subject = subjectAt(`http://127.0.0.1:${String(app.address?.port)}`);
  return { subject, stop: () => app.stop(10_000) };
}

const STATES: readonly State[] = [
  {
    name: 'the disk of the database is full, and events pile up behind it',
    async make() {
      await sql(`CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'could not extend file "base/1/1": No space left on device' USING ERRCODE = 'disk_full'; END $$`);
      for (const table of WRITTEN)
        await sql(
          `CREATE TRIGGER disk_is_full BEFORE INSERT OR UPDATE ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION disk_is_full()`,
        );
      await rig.send(20);
      return {
        async mend() {
          await sql('DROP FUNCTION disk_is_full CASCADE');
          await expectGauge(rig, LAG, is(0));
          expect(await rig.counted()).toBe(30);
        },
      };
    },
    livez: 200,
    unready: ['checkpoints', /^the database has taken no checkpoint for \d+ s/],
    doctor: ['writes', 'fault', /No space left on device/],
    gauges: [
      ['driftd_checkpoints_retried_total{source="kafka"}', atLeast(1)],
      // The lag is told while nothing can be committed.
      [LAG, is(20)],
    ],
  },
  {
    name: 'it lags, and works',
    async make() {
      const mend = await slowCheckpoints(2);
      return {
        async mend() {
          await mend();
          // What is counted behind the back of the next state would be refused there.
          await expectGauge(rig, LAG, is(0));
        },
      };
    },
    livez: 200,
    unready: null,
    doctor: [`positions ${TOPIC}`, 'ok', /^inside the log, [1-9]\d* records behind its end$/],
    gauges: [[LAG, atLeast(1)]],
  },
  {
    name: 'a partition is halted',
    async make() {
      await sql("UPDATE ingest_partition SET state = 'halted', reason = 'the log was cut off'");
      return { mend: () => sql("UPDATE ingest_partition SET state = 'ok', reason = NULL") };
    },
    livez: 200,
    unready: null,
    doctor: [`partition ${TOPIC}/0`, 'fault', /^is halted: the log was cut off$/],
    gauges: [[`driftd_partition_halted{topic="${TOPIC}",partition="0"}`, is(1)]],
  },
  {
    name: 'the outbox is stuck',
    async make() {
      // What is held for its group has not waited, however long ago it was written.
      await sql(`INSERT INTO outbox (dedup_key, receiver, channel, recipient, reason, message, created_at, attempts, next_attempt_at)
        VALUES ('held', 'ops', 'email', 'ops@example.com', 'first', '{}', now() - interval '2 h', 0, now() + interval '1 h'),
               ('stuck', 'ops', 'email', 'ops@example.com', 'first', '{}', now() - interval '20 min', 9, now() + interval '1 h')`);
      return { mend: () => sql("DELETE FROM outbox WHERE dedup_key IN ('held', 'stuck')") };
    },
    livez: 200,
    unready: null,
    doctor: ['outbox email', 'fault', /^2 messages wait, the oldest for 2[0-4] min/],
    gauges: [
      [
        'driftd_outbox_oldest_seconds{channel="email"}',
        (value) => value !== undefined && value >= 1_200 && value < 3_600,
      ],
    ],
  },
  {
    name: 'the schema is newer than the program',
    async make() {
      await sql("INSERT INTO schema_version VALUES (9999, '9999_future.sql', 'x', true)");
      return { mend: () => sql('DELETE FROM schema_version WHERE version = 9999') };
    },
    livez: 200,
    unready: ['schema', /has schema version 9999, this driftd knows \d+ and must not use it/],
    doctor: ['schema', 'fault', /9999/],
    exit: EXIT.schemaTooNew,
    gauges: [['driftd_up', is(1)]],
  },
  {
    name: 'the schema is older than the program',
    async make() {
      await sql(`CREATE TABLE kept AS SELECT * FROM schema_version ORDER BY version DESC LIMIT 1;
        DELETE FROM schema_version WHERE version = (SELECT version FROM kept)`);
      return { mend: () => sql('INSERT INTO schema_version SELECT * FROM kept; DROP TABLE kept') };
    },
    livez: 200,
    unready: ['schema', /the database lacks 1 migrations of this driftd/],
    doctor: ['schema', 'fault', /lacks 1 migrations/],
    gauges: [['driftd_up', is(1)]],
  },
  {
    name: 'the scheduler is frozen, and nothing else',
    async make() {
      const lock = new Client({ connectionString: rig.database });
      await lock.connect();
      await lock.query('BEGIN; LOCK TABLE monitor_tick IN EXCLUSIVE MODE');
      await sql(
        "UPDATE monitor SET scheduled_from = now() - interval '6 h', created_at = now() - interval '6 h'",
      );
      const { subject, stop } = await startEvaluator();
      return {
        subject,
        async mend() {
          await lock.end();
          // What was due meanwhile is caught up with.
          await expectReady(subject);
          await expectGauge(subject, 'driftd_monitor_ticks_overdue{monitor="m-hourly"}', is(0));
          await stop();
        },
      };
    },
    livez: 200,
    unready: ['scheduler', /^no pass over the monitors has ended well for \d+ s/],
    doctor: ['evaluation-late m-hourly', 'fault', /^The last [3-7] evaluations/],
    gauges: [['driftd_monitor_ticks_overdue{monitor="m-hourly"}', atLeast(3)]],
  },
  {
    name: 'no partition is assigned: another member of the group does not answer',
    async make() {
      process.kill(rig.driftd.pid, 'SIGSTOP');
      const port = await freePort();
      const other = spawnDriftd(['run', '--config', rig.config(port), '--roles', 'ingest']);
      const subject = subjectAt(`http://127.0.0.1:${String(port)}`);
      return {
        subject,
        async mend() {
          process.kill(rig.driftd.pid, 'SIGCONT');
          // Who goes before it is a member at all is waited for by the group as long as a session lasts.
          await expectReady(subject);
          other.kill('SIGTERM');
          expect((await other.ended).code).toBe(0);
        },
      };
    },
    livez: 200,
    unready: ['assignment', /^no partitions are assigned to this process/],
    doctor: [
      'group',
      'warning',
      /^\d members, PreparingRebalance: its partitions are being shared/,
    ],
    gauges: [
      ['driftd_up', is(1)],
      // Whoever has no partition knows of no lag.
      [LAG, is(undefined)],
    ],
  },
  {
    name: 'it is frozen as a whole',
    async make() {
      process.kill(rig.driftd.pid, 'SIGSTOP');
      await sql("UPDATE replica SET seen_at = now() - interval '5 min'");
      return { mend: async () => void process.kill(rig.driftd.pid, 'SIGCONT') };
    },
    livez: null,
    unready: null,
    doctor: ['process', 'warning', /^has not shown itself for [5-9] min/],
    gauges: [],
  },
  {
    name: 'the database is down',
    async make() {
      const before = await rig.gauge(REFRESHED);
      await rig.postgres.halt();
      return {
        async mend() {
          await rig.postgres.restart();
          await expectGauge(rig, REFRESHED, (value) => (value ?? 0) > (before ?? Infinity));
        },
      };
    },
    livez: 200,
    unready: ['database', /the database does not answer/],
    doctor: ['database', 'fault', /cannot be used/],
    gauges: [
      // They stay, and say how old they are.
      [REFRESHED, (value) => value !== undefined && Date.now() / 1_000 - value > 6],
      ['driftd_model_events_total{model="m"}', atLeast(30)],
    ],
  },
  {
    name: 'it was told to stop, and commits what it has counted',
    async make() {
      // The longer it stops, the surer it is seen; but for its deadline of 8 s.
      const mend = await slowCheckpoints(3);
      await expectGauge(rig, LAG, atLeast(1));
      rig.driftd.kill('SIGTERM');
      return {
        async mend() {
          await mend();
          const ended = await rig.driftd.ended;
          expect(ended.code).toBe(0);
          rig.restart();
        },
      };
    },
    livez: 200,
    unready: ['draining', /^the process is stopping$/],
    doctor: ['processes', 'warning', /^no driftd runs on this database$/],
    gauges: [['driftd_up', is(1)]],
  },
  {
    name: 'the brokers are down',
    async make() {
      await rig.kafka.kill9();
      // The last state: to come back from it is the matter of another test.
      return { mend: null };
    },
    livez: 200,
    unready: ['source', /^kafka has not answered for \d+ s$/],
    doctor: ['kafka', 'fault', /no broker answers at/],
    gauges: [['driftd_source_up{source="kafka"}', is(0)]],
  },
];

describe('what driftd says of itself is true', () => {
  it('at its start, while no partition is assigned yet', () => {
    expect(rig.atStart.at(-1)).toBe('');
    expect(rig.atStart).toContainEqual(expect.stringContaining('assignment'));
  });

  it('when all is well, but for what the test leaves out', async () => {
    expect(await rig.livez()).toBe(200);
    await expectReady(rig);
    // The test's server throws its data away, and there is no mail server.
    const faults = (await rig.doctor()).findings.filter(({ state }) => state === 'fault');
    const left = ['fsync', 'synchronous_commit', 'full_page_writes', 'smtp'];
    expect(faults.map(({ check }) => check)).toEqual(left);
    await expectGauge(rig, 'driftd_source_up{source="kafka"}', is(1));
    await expectGauge(rig, LAG, is(0));
  });

  it.each(STATES)('when $name', async ({ make, livez, unready, gauges, doctor, exit }) => {
    const { subject = rig, mend } = await make();
    try {
      if (livez === null) await expect(subject.livez(2_000)).rejects.toThrow(/timeout/);
      else await expectProbes(subject, unready);
      for (const [series, holds] of gauges) await expectGauge(subject, series, holds);
      await expectDoctor(doctor, exit);
    } finally {
      await mend?.();
    }
    if (mend !== null) await expectReady(rig);
    // One that stood still is not alive for a while after.
    await vi.waitFor(async () => expect(await rig.livez()).toBe(200), WAIT);
  });
});

/** /readyz refuses for this reason alone, or not at all; the process is alive in any case. */
async function expectProbes(subject: Subject, unready: State['unready']): Promise<void> {
  await vi.waitFor(async () => {
    const answer = await subject.readyz();
    expect(answer).toMatchObject({
      status: unready === null ? 200 : 503,
      failing: unready === null ? [] : [unready[0]],
    });
    if (unready !== null) expect(answer.reasons).toMatch(unready[1]);
  }, WAIT);
  expect(await subject.livez()).toBe(200);
}

async function expectDoctor([check, state, says]: Expected, exit?: number): Promise<void> {
  await vi.waitFor(async () => {
    const { code, findings } = await rig.doctor();
    const told = findings.filter((one) => one.check === check || one.check.startsWith(`${check} `));
    expect(told).toContainEqual(
      expect.objectContaining({ state, says: expect.stringMatching(says) as string }),
    );
    // The test's server has faults of its own, so that the doctor never leaves with 0.
    expect(code).toBe(exit ?? EXIT.unreachable);
  }, WAIT);
}
