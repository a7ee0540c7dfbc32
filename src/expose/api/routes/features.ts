import { z } from 'zod';

import { FEATURE_KINDS, FEATURE_ROLES, FEATURE_TIERS } from '../../../core/domain/feature.ts';
import { MAX_UNKNOWN_NAMES } from '../../../core/quality/unknown-names.ts';
import { sendProblem } from '../../http/problem-details.ts';
import type { ApiDeps } from '../deps.ts';
import {
  cursorOf,
  instantOut,
  iso,
  isoOrNull,
  listOf,
  modelParams,
  page,
  pageOf,
} from '../fields.ts';
import type { RouteGroup } from '../register.ts';
import { NO_MODEL } from './models.ts';

const feature = z.object({
  name: z.string(),
  kind: z.enum(FEATURE_KINDS),
  role: z.enum(FEATURE_ROLES),
  tier: z.enum(FEATURE_TIERS),
  unit: z.string().nullable().meta({ description: 'Of its numbers, as people write it.' }),
  retiredAt: instantOut('Since when it is no longer watched.').nullable(),
});

const unknownFeature = z.object({
  name: z.string(),
  firstSeen: instantOut('The least event time that brought it.'),
  lastSeen: instantOut('The greatest event time known to have brought it, within an hour.'),
});

/** Features of a model: those that are watched, and those that events bring beside them. */
export function featureRoutes({ directory }: Pick<ApiDeps, 'directory'>): RouteGroup {
  return (api) => {
    api.get(
      '/models/:model/features',
      {
        config: { scope: 'read', models: 'param' },
        schema: {
          tags: ['models'],
          operationId: 'listFeatures',
          summary: 'Features of a model',
          params: modelParams,
          querystring: page,
          response: { 200: listOf(feature) },
        },
      },
      async ({ params, query: { limit, cursor } }, reply) => {
        const found = await directory.model(params.model);
        if (found === null) return sendProblem(reply, 404, NO_MODEL);
        const wanted = { limit: limit + 1, after: cursorOf(cursor) };
        const rows = await directory.features(found.id, wanted);
        return pageOf(
          rows,
          limit,
          ({ id: _, retiredAt, ...rest }) => ({ ...rest, retiredAt: isoOrNull(retiredAt) }),
          ({ id }) => String(id),
        );
      },
    );
    api.get(
      '/models/:model/unknown-features',
      {
        config: { scope: 'read', models: 'param' },
        schema: {
          tags: ['models'],
          operationId: 'listUnknownFeatures',
          summary: 'Features that events of a model bring and its baseline lacks',
          description: `The last seen first, ${MAX_UNKNOWN_NAMES} at most. Names are as events say them: anything.`,
          params: modelParams,
          response: { 200: z.object({ items: z.array(unknownFeature) }) },
        },
      },
      async ({ params }, reply) => {
        const found = await directory.model(params.model);
        if (found === null) return sendProblem(reply, 404, NO_MODEL);
        const names = await directory.unknownFeatures(found.id);
        return {
          items: names.map(({ name: called, firstSeen, lastSeen }) => ({
            name: called,
            firstSeen: iso(firstSeen),
            lastSeen: iso(lastSeen),
          })),
        };
      },
    );
  };
}
