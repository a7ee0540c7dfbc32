import { readdir } from 'node:fs/promises';

import type { DriftdConfig } from '../../config/types.ts';
import type { Problem } from '../../core/alerting/problems.ts';
import { inspectKafka } from '../../ingest/kafka/inspect.ts';
import { probeSmtp } from '../../notify/email/probe.ts';
import type { Clock } from '../../platform/clock.ts';
import { DriftdError, toError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import type { StatusSnapshot } from '../../storage/api/status-reader.ts';
import { createWatchStore } from '../../storage/postgres/alerts/watch-store.ts';
import {
  assertReachable,
  createPool,
  DATABASE_WAY_OUT,
  describeDatabase,
} from '../../storage/postgres/pool.ts';
import type { Pool } from '../../storage/postgres/pool.ts';
import {
  probeWrite,
  readSchemaFacts,
  readServerFacts,
} from '../../storage/postgres/status/server-facts.ts';
import { watchOf } from '../notify/watch.ts';
import { brokerFindings, brokerUnreachable } from './broker-findings.ts';
import { fault, ok, unknown, warning } from './finding.ts';
import type { Finding } from './finding.ts';
import { replayFindings } from '../ingest/replay-finding.ts';
import { diskFinding, schemaFinding, serverFindings } from './server-findings.ts';
import { statusReaderOf } from './status.ts';
import { streamFindings } from './stream-findings.ts';
import { workFindings } from './work-findings.ts';

/**
 * Looks at everything that driftd depends on and at its work, changes nothing, and never throws for what is at fault:
 * that is a finding.
 */
export async function examine(config: DriftdConfig, log: Log, clock: Clock): Promise<Finding[]> {
  const database = await examineDatabase(config, log, clock);
  const [folder, replay, broker, mail] = await Promise.all([
    examineFolder(config),
    replayFindings(config.replay),
    examineBroker(config, database, log, clock),
    examineMail(config),
  ]);
  return [...database.findings, ...folder, ...replay, ...broker, ...mail, ...database.work];
}

interface Database {
  readonly findings: Finding[];
  readonly work: Finding[];
  readonly status: StatusSnapshot | null;
  /** The database's clock when it could be read, else this machine's. */
  readonly now: number;
}

async function examineDatabase(config: DriftdConfig, log: Log, clock: Clock): Promise<Database> {
  const { url } = config.postgres;
  const pool = createPool({ url, max: 1, applicationName: 'driftd doctor', log });
  try {
    await assertReachable(pool, url);
    const server = await readServerFacts(pool, () => clock.now());
    const findings = [...serverFindings(server)];
    findings.push(await diskFinding(server, isLocal(url)));
    const facts = await readSchemaFacts(pool);
    const schema = schemaFinding(facts);
    findings.push(schema);
    const untouched = schema.state !== 'fault' && facts.version === 0;
    const read =
      untouched || schema.state === 'fault' ? null : await readWork(pool, config, findings, log);
    const work =
      read === null
        ? [
            unknown(
              'work',
              untouched
                ? 'driftd has done no work on this database yet'
                : 'what driftd did cannot be read',
            ),
          ]
        : [
            ...workFindings(read.status, read.problems, config),
            ...noteFindings(read.status),
            ...read.stream,
          ];
    return { findings, work, status: read?.status ?? null, now: server.now };
  } catch (thrown) {
    const says = toError(thrown).message.replace(`; ${DATABASE_WAY_OUT}`, '');
    const at = thrown instanceof DriftdError ? '' : ` (${describeDatabase(url)})`;
    const finding = fault('database', `${says}${at}`, DATABASE_WAY_OUT, 'DATABASE_UNREACHABLE');
    return { findings: [finding], work: [], status: null, now: clock.now() };
  } finally {
    await pool.end();
  }
}

interface Work {
  readonly status: StatusSnapshot;
  readonly problems: readonly Problem[];
  readonly stream: readonly Finding[];
}

async function readWork(
  pool: Pool,
  config: DriftdConfig,
  findings: Finding[],
  log: Log,
): Promise<Work | null> {
  try {
    const refused = await probeWrite(pool);
    findings.push(
      refused === null
        ? ok('writes', 'a row was written and taken back')
        : fault(
            'writes',
            `the database refuses writes: ${refused}`,
            'make room on its disk, or end what holds the lock or made it read-only; driftd goes on by itself',
            'DATABASE_UNREACHABLE',
          ),
    );
    // The same eyes that the daemon has for itself.
    const roles = new Set<string>();
    const watch = watchOf({ config, store: createWatchStore(pool), owner: 'doctor', roles, log });
    return {
      status: await statusReaderOf(config, pool).read(),
      problems: await watch.look(),
      stream: await streamFindings(config, pool),
    };
  } catch (thrown) {
    const { message } = toError(thrown);
    findings.push(
      fault(
        'tables',
        `the tables cannot be read: ${message}`,
        'grant this user what the owner of the schema has',
      ),
    );
    return null;
  }
}

function noteFindings({ models }: StatusSnapshot): Finding[] {
  const wayOut = 'correct the names in the configuration, or upload a baseline that has them';
  return models.flatMap(({ model, notes }) =>
    notes.map((note) => warning(`model ${model}`, note, wayOut)),
  );
}

/** Are the server's files on this machine? */
function isLocal(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return ['', 'localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

/** Baselines are read from there at start, which fails when the folder cannot be read. */
async function examineFolder({ baselines: { directory } }: DriftdConfig): Promise<Finding[]> {
  if (directory === null) return [];
  try {
    await readdir(directory);
    return [ok('baselines', `the folder ${directory} can be read`)];
  } catch (thrown) {
    return [
      fault(
        'baselines',
        `the folder ${directory} cannot be read: ${toError(thrown).message}`,
        'create it, or correct baselines.directory, which counts from the folder of the configuration',
        'BASELINE_MISSING',
      ),
    ];
  }
}

async function examineBroker(
  config: DriftdConfig,
  { status, now }: Database,
  log: Log,
  clock: Clock,
): Promise<Finding[]> {
  if (config.kafka === null) return [];
  const { futureToleranceMs } = config.ingest;
  const began = clock.monotonic();
  try {
    const facts = await inspectKafka(config.kafka, now + futureToleranceMs, log);
    log.debug({ ms: clock.monotonic() - began }, 'the brokers were asked');
    return brokerFindings(facts, status?.partitions ?? null, futureToleranceMs);
  } catch (thrown) {
    return [brokerUnreachable(config, toError(thrown).message)];
  }
}

async function examineMail({ smtp, receivers }: DriftdConfig): Promise<Finding[]> {
  const others = new Set(
    receivers.flatMap(({ targets }) =>
      targets.map(({ channel }) => channel).filter((channel) => channel !== 'email'),
    ),
  );
  const findings = [...others].map((channel) =>
    unknown(
      `channel ${channel}`,
      'is not asked, since asking is sending',
      `driftd send-test ${channel}`,
    ),
  );
  if (smtp === null) return findings;
  const where = `${smtp.host}:${String(smtp.port)}`;
  const failure = await probeSmtp(smtp);
  if (failure !== null)
    findings.unshift(
      fault(
        'smtp',
        `${where} would not take mail: ${failure}`,
        'check smtp.host, smtp.port, smtp.tls and the login; driftd send-test email tries a whole message',
        'MAIL_UNREACHABLE',
      ),
    );
  else if (smtp.tls === 'none')
    findings.unshift(
      warning('smtp', `${where} answers, without TLS`, 'set smtp.tls to starttls or implicit'),
    );
  else
    findings.unshift(ok('smtp', `${where} answers with TLS (${smtp.tls}) and accepts the login`));
  return findings;
}
