import { z } from 'zod';

import type { StatusReader, StatusSnapshot } from '../../../storage/api/status-reader.ts';
import { count, instantOut, iso, isoOrNull } from '../fields.ts';
import type { RouteGroup } from '../register.ts';

const processStatus = z.object({
  name: z.string(),
  roles: z.array(z.string()),
  startedAt: instantOut('When it started.'),
  seenAt: instantOut('When it last showed itself.'),
});

const modelStatus = z.object({
  model: z.string(),
  features: count('Features that are watched.'),
  events: count('Events counted.'),
  lastEvent: instantOut('Event time of the newest event.').nullable(),
  lastEventAt: instantOut('When the newest event was counted.').nullable(),
  baseline: z
    .object({
      version: z.int(),
      rows: count('Rows.'),
      createdAt: instantOut('When it was stored.'),
    })
    .nullable()
    .meta({ description: 'The active one.' }),
  candidates: z.array(z.int()).meta({ description: 'Versions that wait to be activated.' }),
  notes: z.array(z.string()).meta({
    description: 'What the configuration says of it without effect, such as misspelt features.',
  }),
});

const monitorStatus = z.object({
  monitor: z.string(),
  model: z.string(),
  ticksMissed: count('Ticks that were due and are not run any more.'),
  running: instantOut('Due time of the tick that runs now.').nullable(),
  waiting: z
    .object({
      windowEnd: instantOut('The events must have passed it.'),
      until: instantOut('Then it is judged with what there is; null: it waits on.').nullable(),
    })
    .nullable()
    .meta({ description: 'The tick that waits for events.' }),
  latest: z
    .object({
      windowEnd: instantOut('End of its windows.'),
      revision: count('Above 0: judged again because late data came.'),
      complete: z.boolean(),
      storedAt: instantOut('When it was stored.'),
      verdicts: z
        .record(z.string(), z.int())
        .meta({ description: 'Judgements by verdict, over features, segments and windows.' }),
    })
    .nullable()
    .meta({ description: 'The latest evaluation.' }),
});

const partitionStatus = z.object({
  source: z.string(),
  topic: z.string(),
  partition: z.int(),
  state: z.enum(['ok', 'halted']),
  reason: z.string().nullable(),
  owner: z.string().nullable().meta({ description: 'The process that reads it.' }),
  startOffset: count('The first offset that was to be read.'),
  nextOffset: count('The next offset to read.'),
  counted: count('Records counted.'),
  quarantined: count('Records in quarantine.'),
  tooLate: count('Records with events too late to count, and none that was counted.'),
  duplicate: count('Records of which every event had been counted before.'),
  filtered: count('Offsets without an event: tombstones, transaction markers, aborted records.'),
  quarantineDropped: count('Records in quarantine of which no row is kept.'),
  gapRecords: count('Records that were gone before they could be read.'),
  watermark: instantOut('Complete up to this event time.').nullable(),
  progressedAt: instantOut('The last checkpoint.'),
});

const alertStatus = z.object({
  model: z.string(),
  monitor: z.string(),
  feature: z.string(),
  segment: z.string(),
  state: z.enum(['pending', 'firing']),
  severity: z.string().nullable(),
  since: instantOut('Since when.').nullable(),
});

const outboxStatus = z.object({
  channel: z.string(),
  waiting: count('Messages that wait.'),
  oldest: instantOut('Since when the oldest waits past its time.').nullable(),
  dead: count('Messages that were given up.'),
  lastError: z.string().nullable(),
});

const statusDocument = z.object({
  now: instantOut("The database's clock."),
  schemaVersion: z.int(),
  processes: z.array(processStatus),
  models: z.array(modelStatus),
  monitors: z.array(monitorStatus),
  partitions: z.array(partitionStatus),
  alerts: z.array(alertStatus),
  outbox: z.array(outboxStatus),
  problems: z.array(
    z.object({
      kind: z.string(),
      about: z.string(),
      since: instantOut('Since when.'),
      detail: z.string(),
    }),
  ),
});

/** How everything stands, as it travels: times are RFC 3339. */
export type StatusDocument = z.infer<typeof statusDocument>;

/** @throws ZodError when it is no such document */
export const parseStatus = (document: unknown): StatusDocument => statusDocument.parse(document);

export function showStatus(status: StatusSnapshot): StatusDocument {
  return {
    now: iso(status.now),
    schemaVersion: status.schemaVersion,
    processes: status.processes.map(({ name, roles, startedAt, seenAt }) => ({
      name,
      roles: [...roles],
      startedAt: iso(startedAt),
      seenAt: iso(seenAt),
    })),
    models: status.models.map(
      ({ baseline, candidates, notes, lastEvent, lastEventAt, ...model }) => ({
        ...model,
        lastEvent: isoOrNull(lastEvent),
        lastEventAt: isoOrNull(lastEventAt),
        baseline: baseline === null ? null : { ...baseline, createdAt: iso(baseline.createdAt) },
        candidates: [...candidates],
        notes: [...notes],
      }),
    ),
    monitors: status.monitors.map(({ running, waiting, latest, ...monitor }) => ({
      ...monitor,
      running: isoOrNull(running),
      waiting:
        waiting === null
          ? null
          : { windowEnd: iso(waiting.windowEnd), until: isoOrNull(waiting.until) },
      latest:
        latest === null
          ? null
          : {
              ...latest,
              windowEnd: iso(latest.windowEnd),
              storedAt: iso(latest.storedAt),
              verdicts: { ...latest.verdicts },
            },
    })),
    partitions: status.partitions.map(({ watermark, progressedAt, ...partition }) => ({
      ...partition,
      watermark: isoOrNull(watermark),
      progressedAt: iso(progressedAt),
    })),
    alerts: status.alerts.map(({ since, ...alert }) => ({ ...alert, since: isoOrNull(since) })),
    outbox: status.outbox.map(({ oldest, ...channel }) => ({
      ...channel,
      oldest: isoOrNull(oldest),
    })),
    problems: status.problems.map(({ since, ...problem }) => ({ ...problem, since: iso(since) })),
  };
}

/** How everything stands, in one look. */
export function statusRoutes(reader: StatusReader): RouteGroup {
  return (api) => {
    api.get(
      '/status',
      {
        config: { scope: 'read', models: 'every' },
        schema: {
          tags: ['administration'],
          operationId: 'showStatus',
          summary: 'How everything stands: models, monitors, partitions, alerts, messages',
          response: { 200: statusDocument },
        },
      },
      async () => showStatus(await reader.read()),
    );
  };
}
