import type { DriftdConfig } from '../../config/types.ts';
import { isReplaced } from '../../core/alerting/problems.ts';
import type { Problem, ProblemKind } from '../../core/alerting/problems.ts';
import type { StatusSnapshot } from '../../storage/api/status-reader.ts';
import { inWords } from './duration-words.ts';
import { fault, ok, warning } from './finding.ts';
import type { Finding } from './finding.ts';
import { silentAfterOf } from '../notify/silence.ts';

/** A process that has not shown itself for so long is gone or stuck. */
const PROCESS_SILENT_MS = 60_000;
/** As the alert DriftdOutboxStuck. */
const OUTBOX_STUCK_MS = 600_000;
/** Problems that the findings below do not tell in more detail. */
const RUNBOOK_OF: Readonly<Partial<Record<ProblemKind, string>>> = {
  'evaluation-late': 'DriftdEvaluationStale',
  'ingest-stuck': 'DriftdLagGrowing',
  'records-lost': 'DriftdRecordsLost',
};

/** What the database tells about driftd's work. */
export function workFindings(
  status: StatusSnapshot,
  problems: readonly Problem[],
  config: DriftdConfig,
): Finding[] {
  return [
    ...problems.flatMap(({ kind, about, detail }) => {
      const runbook = RUNBOOK_OF[kind];
      return runbook === undefined
        ? []
        : [fault(`${kind} ${about}`, detail, `docs/operations.md, ${runbook}`)];
    }),
    ...processFindings(status),
    ...modelFindings(status, config),
    ...partitionFindings(status),
    ...monitorFindings(status, problems),
    ...outboxFindings(status),
  ];
}

function processFindings({ processes, now }: StatusSnapshot): Finding[] {
  if (processes.length === 0)
    return [warning('processes', 'no driftd runs on this database', 'driftd run')];
  const alive = processes.filter(({ seenAt }) => now - seenAt <= PROCESS_SILENT_MS);
  const gone = processes
    .filter((one) => !alive.includes(one) && !isReplaced(one, alive))
    .toSorted((one, other) => other.seenAt - one.seenAt);
  const running = alive.map(({ name, roles }) => ok(`process ${name}`, `runs ${roles.join(', ')}`));
  const [last] = gone;
  if (last === undefined) return running;
  const more = gone.length === 1 ? '' : `, and ${String(gone.length - 1)} more for longer`;
  return [
    ...running,
    warning(
      `process ${last.name}`,
      `has not shown itself for ${inWords(now - last.seenAt)} (${last.roles.join(', ')})${more}`,
      'it ended without a word, is stuck, or cannot reach the database: look at its log; what is gone is forgotten after a day',
    ),
  ];
}

function modelFindings({ models, now }: StatusSnapshot, config: DriftdConfig): Finding[] {
  const found = new Map(models.map((model) => [model.model, model]));
  const silentAfter = silentAfterOf(config, now);
  return config.models.flatMap(({ name }) => {
    const check = `model ${name}`;
    const model = found.get(name);
    if (model === undefined)
      return [
        warning(
          check,
          'the database does not know it yet',
          'driftd run: it registers models at start',
        ),
      ];
    const findings: Finding[] = [];
    const silentAfterMs = silentAfter.get(name) ?? Infinity;
    if (model.lastEventAt === null)
      findings.push(
        warning(
          check,
          'no event was ever counted',
          'let the producer send events, and look at driftd_events_quarantined_total',
        ),
      );
    else {
      const silent = now - model.lastEventAt;
      const told = `the last event was counted ${inWords(silent)} ago`;
      findings.push(
        silent > silentAfterMs
          ? fault(
              check,
              `${told}, silent_after is ${inWords(silentAfterMs)}`,
              'docs/operations.md, DriftdNoData',
            )
          : ok(check, told),
      );
    }
    if (model.baseline === null)
      findings.push(
        warning(
          check,
          'it has no active baseline: nothing is judged',
          'driftd baseline upload, or a file in the folder of baselines',
        ),
      );
    return findings;
  });
}

function partitionFindings({ partitions }: StatusSnapshot): Finding[] {
  return partitions
    .filter(({ state }) => state === 'halted')
    .map(({ topic, partition, reason }) =>
      fault(
        `partition ${topic}/${String(partition)}`,
        `is halted: ${reason ?? 'its log is not the one that was read before'}`,
        'docs/operations.md, DriftdPartitionHalted',
      ),
    );
}

/** A monitor that is late by its own schedule is among the problems already. */
function monitorFindings(
  { monitors, now }: StatusSnapshot,
  problems: readonly Problem[],
): Finding[] {
  const late = new Set(
    problems.filter(({ kind }) => kind === 'evaluation-late').map(({ about }) => about),
  );
  return monitors
    .filter(({ monitor }) => !late.has(monitor))
    .map(({ monitor, latest }) =>
      ok(
        `monitor ${monitor}`,
        latest === null
          ? 'no evaluation yet, and none is late'
          : `the latest evaluation was stored ${inWords(now - latest.storedAt)} ago`,
      ),
    );
}

function outboxFindings({ outbox, now }: StatusSnapshot): Finding[] {
  const findings = outbox.flatMap(({ channel, waiting, oldest, dead, lastError }) => {
    const check = `outbox ${channel}`;
    const why = lastError === null ? '' : `: ${lastError}`;
    const found: Finding[] = [];
    if (oldest !== null && now - oldest > OUTBOX_STUCK_MS)
      found.push(
        fault(
          check,
          `${String(waiting)} messages wait, the oldest for ${inWords(now - oldest)}${why}`,
          'docs/operations.md, DriftdOutboxStuck',
        ),
      );
    if (dead > 0)
      found.push(
        warning(
          check,
          `${String(dead)} messages were given up${why}`,
          'docs/operations.md, DriftdNotificationsFailing',
        ),
      );
    return found;
  });
  return findings.length > 0 ? findings : [ok('outbox', 'no message waits for long')];
}
