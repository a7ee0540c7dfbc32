import type { StatusDocument } from '../../app/status/status.ts';
import { inWords } from '../../app/status/duration-words.ts';
import { plainText, table } from './table.ts';

/** The status for people: a table a subject; what has nothing to tell says so in one line. */
export function statusText(status: StatusDocument): string {
  const ago = (time: string | null): string =>
    time === null ? '-' : `${inWords(Date.parse(status.now) - Date.parse(time))} ago`;
  const parts = [
    `${status.now}, schema version ${String(status.schemaVersion)}`,
    section(
      'Processes',
      ['process', 'roles', 'started', 'seen'],
      status.processes.map(({ name, roles, startedAt, seenAt }) => [
        name,
        roles.join(','),
        ago(startedAt),
        ago(seenAt),
      ]),
      'no driftd runs on this database',
    ),
    section(
      'Models',
      ['model', 'features', 'events', 'last event', 'counted', 'baseline', 'candidates'],
      status.models.map((model) => [
        model.model,
        model.features,
        model.events,
        model.lastEvent ?? '-',
        ago(model.lastEventAt),
        model.baseline === null
          ? 'none'
          : `${String(model.baseline.version)} (${String(model.baseline.rows)} rows)`,
        model.candidates.join(',') || '-',
      ]),
      'none is known to the database',
      status.models.flatMap(({ model, notes }) => notes.map((note) => `${model}: ${note}`)),
    ),
    section(
      'Monitors',
      ['monitor', 'model', 'windows to', 'stored', 'verdicts', 'missed'],
      status.monitors.map(({ monitor, model, latest, ticksMissed }) => [
        monitor,
        model,
        latest?.windowEnd ?? '-',
        ago(latest?.storedAt ?? null),
        verdictsText(latest?.verdicts ?? {}),
        ticksMissed,
      ]),
      'none is known to the database',
      status.monitors.flatMap(({ monitor, waiting }) =>
        waiting === null ? [] : [`${monitor} ${waitingText(waiting)}`],
      ),
    ),
    section(
      'Partitions',
      [
        'partition',
        'state',
        'next',
        'counted',
        'quarantined',
        'too late',
        'lost',
        'watermark',
        'progress',
      ],
      status.partitions.map((partition) => [
        `${partition.topic}/${String(partition.partition)}`,
        partition.state,
        partition.nextOffset,
        partition.counted,
        partition.quarantined,
        partition.tooLate,
        partition.gapRecords,
        partition.watermark ?? '-',
        ago(partition.progressedAt),
      ]),
      'none was read yet',
    ),
    section(
      'Alerts',
      ['model', 'feature', 'segment', 'state', 'severity', 'since'],
      status.alerts.map(({ model, feature, segment, state, severity, since }) => [
        model,
        feature,
        segment,
        state,
        severity ?? '-',
        ago(since),
      ]),
      'none is pending or firing',
    ),
    section(
      'Messages',
      ['channel', 'waiting', 'oldest', 'given up', 'last error'],
      status.outbox.map(({ channel, waiting, oldest, dead, lastError }) => [
        channel,
        waiting,
        ago(oldest),
        dead,
        lastError ?? '-',
      ]),
      'none waits, none was given up',
    ),
  ];
  for (const { kind, about, since, detail } of status.problems)
    parts.push(`Problem since ${since}: ${plainText(`${kind}, ${about}: ${detail}`)}\n`);
  return parts.join('\n');
}

function section(
  title: string,
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  none: string,
  notes: readonly string[] = [],
): string {
  if (rows.length === 0) return `${title}: ${none}\n`;
  return `${[title, table(header, rows), ...notes.map(plainText)].join('\n')}\n`;
}

type Waiting = NonNullable<StatusDocument['monitors'][number]['waiting']>;

function waitingText({ windowEnd, until }: Waiting): string {
  const limit = until === null ? '' : `, until ${until} at most`;
  return `waits for events past ${windowEnd}${limit}`;
}

function verdictsText(verdicts: Readonly<Record<string, number>>): string {
  const told = Object.entries(verdicts).sort(([a], [b]) => (a < b ? -1 : 1));
  return told.map(([verdict, count]) => `${String(count)} ${verdict}`).join(', ') || '-';
}
