import type { DriftdConfig } from '../../config/types.ts';
import type { EventIntake } from '../../expose/api/events/routes.ts';
import { SOURCE_NAME, TOPIC } from '../../ingest/http/http-source.ts';
import type { EventInbox } from '../../storage/api/event-inbox.ts';
import { createEventInbox } from '../../storage/postgres/inbox/event-inbox.ts';
import type { Pool } from '../../storage/postgres/pool.ts';

const PARTITION = { source: SOURCE_NAME, topic: TOPIC };

/** Where posted events wait; null: none are taken. */
export function inboxOf({ httpSource }: DriftdConfig, pool: Pool): EventInbox | null {
  if (httpSource === null) return null;
  const { maxWaiting: events, maxWaitingBytes: bytes } = httpSource;
  return createEventInbox(pool, PARTITION, { events, bytes });
}

/** The same as the API has it. */
export function intakeOf(config: DriftdConfig, pool: Pool): EventIntake | null {
  const inbox = inboxOf(config, pool);
  const { httpSource } = config;
  if (inbox === null || httpSource === null) return null;
  return { inbox, maxBodyBytes: httpSource.maxBodyBytes, readAs: httpSource };
}

/** Posted events in [start, end) are there, or were and are counted; whether or not any are taken now. */
export function postedRange(pool: Pool): ReturnType<EventInbox['range']> {
  return createEventInbox(pool, PARTITION, { events: 0, bytes: 0 }).range();
}
