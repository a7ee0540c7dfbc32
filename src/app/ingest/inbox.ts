import type { DriftdConfig } from '../../config/types.ts';
import type { EventIntake } from '../../expose/api/events/routes.ts';
import { SOURCE_NAME, TOPIC } from '../../ingest/http/http-source.ts';
import type { EventInbox } from '../../storage/api/event-inbox.ts';
import { createEventInbox } from '../../storage/postgres/inbox/event-inbox.ts';
import type { Pool } from '../../storage/postgres/pool.ts';

/** Where posted events wait; null: none are taken. */
export function inboxOf({ httpSource }: DriftdConfig, pool: Pool): EventInbox | null {
  if (httpSource === null) return null;
  return createEventInbox(
    pool,
    { source: SOURCE_NAME, topic: TOPIC },
    { events: httpSource.maxWaiting, bytes: httpSource.maxWaitingBytes },
  );
}

/** The same as the API has it. */
export function intakeOf(config: DriftdConfig, pool: Pool): EventIntake | null {
  const inbox = inboxOf(config, pool);
  if (inbox === null || config.httpSource === null) return null;
  return { inbox, maxBodyBytes: config.httpSource.maxBodyBytes };
}
