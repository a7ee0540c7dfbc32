import { z } from 'zod';

import type { ApiDeps } from '../deps.ts';
import { cursorOf, instantOut, iso, listOf, page, pageOf, timeOf, timeRange } from '../fields.ts';
import type { RouteGroup } from '../register.ts';

const entry = z.object({
  id: z.int(),
  happenedAt: instantOut('When.'),
  actor: z.string().meta({ description: 'Who: the name of a token, or where from.' }),
  action: z.string().meta({ description: 'What, like `token.create`.' }),
  target: z.string().meta({ description: 'Of what.' }),
  detail: z.looseObject({}),
  requestId: z.string().nullable().meta({ description: 'null: not over HTTP.' }),
});

/** Who changed what. */
export function auditRoutes({ history }: Pick<ApiDeps, 'history'>): RouteGroup {
  return (api) => {
    api.get(
      '/audit',
      {
        config: { scope: 'admin', models: 'every' },
        schema: {
          tags: ['administration'],
          operationId: 'listAudit',
          summary: 'Who changed what, newest first',
          querystring: page.extend(timeRange.shape),
          response: { 200: listOf(entry) },
        },
      },
      async ({ query: { limit, cursor, from, to } }) => {
        const range = { from: timeOf(from), to: timeOf(to) };
        const rows = await history.audit(range, { limit: limit + 1, after: cursorOf(cursor) });
        const show = (row: (typeof rows)[number]) => ({
          ...row,
          detail: { ...row.detail },
          happenedAt: iso(row.happenedAt),
        });
        return pageOf(rows, limit, show, ({ id }) => String(id));
      },
    );
  };
}
