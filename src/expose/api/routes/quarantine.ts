import { z } from 'zod';

import type { QuarantineKey } from '../../../storage/api/history-reader.ts';
import type { ApiDeps } from '../deps.ts';
import {
  count,
  instantOut,
  iso,
  limit,
  listOf,
  name,
  pageOf,
  timeOf,
  timeRange,
} from '../fields.ts';
import type { RouteGroup } from '../register.ts';

const record = z.object({
  source: z.string(),
  topic: z.string(),
  partition: count('Of the topic.'),
  offset: count('Of the record.'),
  reason: z.string().meta({ description: 'As docs/events.md calls it.' }),
  detail: z.string().meta({ description: 'What exactly is wrong, and where.' }),
  payload: z
    .string()
    .nullable()
    .meta({ description: 'Its beginning, Base64; null: there is none, or it is not kept.' }),
  headers: z
    .record(z.string(), z.string())
    .nullable()
    .meta({ description: 'What its headers said of its type: content-type, ce-type, type.' }),
  recordedAt: instantOut('When it was put aside.'),
});

const KEY = /^([0-9]{1,13})\.([0-9]{1,10})\.([0-9]{1,15})$/;

const keyText = ({ recordedAt, part, offset }: QuarantineKey): string =>
  `${recordedAt}.${part}.${offset}`;

function keyOf(text: string | undefined): QuarantineKey | null {
  const match = text === undefined ? null : KEY.exec(text);
  if (match === null) return null;
  const [recordedAt = 0, part = 0, offset = 0] = match.slice(1).map(Number);
  return { recordedAt, part, offset };
}

/** Records that could not be counted. Of all models: what is broken has none. */
export function quarantineRoutes({ history }: Pick<ApiDeps, 'history'>): RouteGroup {
  return (api) => {
    api.get(
      '/quarantine',
      {
        config: { scope: 'read', models: 'every' },
        schema: {
          tags: ['ingest'],
          operationId: 'listQuarantine',
          summary: 'Records that could not be counted, newest first',
          querystring: timeRange.extend({
            limit,
            cursor: z
              .string()
              .regex(KEY)
              .optional()
              .meta({ description: '`next` of the page before.' }),
            source: name('Only of this source: kafka, http, replay.').optional(),
            topic: name('Only of this topic.', 249).optional(),
            reason: name('Only for this reason.').optional(),
          }),
          response: { 200: listOf(record) },
        },
      },
      async ({ query }) => {
        const filter = {
          source: query.source ?? null,
          topic: query.topic ?? null,
          reason: query.reason ?? null,
          from: timeOf(query.from),
          to: timeOf(query.to),
        };
        const after = keyOf(query.cursor);
        const rows = await history.quarantine(filter, { limit: query.limit + 1, after });
        const show = ({ key: _, payload, recordedAt, ...rest }: (typeof rows)[number]) => ({
          ...rest,
          payload: payload === null ? null : Buffer.from(payload).toString('base64'),
          recordedAt: iso(recordedAt),
        });
        return pageOf(rows, query.limit, show, ({ key }) => keyText(key));
      },
    );
  };
}
