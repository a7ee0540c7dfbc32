import { z } from 'zod';

import { FEATURE_KINDS } from '../../../core/domain/feature.ts';
import { sendProblem } from '../../http/problem-details.ts';
import type { ApiDeps } from '../deps.ts';
import { count, instantIn, instantOut, iso, modelParams, name } from '../fields.ts';
import type { RouteGroup } from '../register.ts';

const TILE_MS = 300_000;
/** Longest span that is summed for one answer. */
const MAX_SPAN_MS = 31 * 86_400_000;

const side = z.object({
  counts: z.array(z.number()).meta({ description: 'One a bin.' }),
  missing: z.number(),
  invalid: z.number(),
  total: z.number().meta({ description: 'Values that are in a bin.' }),
});

const bin = z.union([
  z.object({
    kind: z.literal('range'),
    above: z.number().nullable().meta({ description: 'Not in it; null: no end.' }),
    upTo: z.number().nullable().meta({ description: 'In it; null: no end.' }),
  }),
  z.object({ kind: z.literal('value'), value: z.number() }),
  z.object({ kind: z.literal('category'), category: z.string() }),
  z.object({ kind: z.literal('other') }),
  z.object({ kind: z.literal('unseen') }),
]);

const histogram = z.object({
  feature: z.string(),
  segment: z.string(),
  from: instantOut('Begin of the span.'),
  to: instantOut('End of the span; not in it.'),
  kind: z.enum(FEATURE_KINDS),
  binning: z.string().meta({ description: 'Id of the bins: equal ids can be compared.' }),
  baselineVersion: z.int().nullable(),
  bins: z.array(bin),
  events: count('Events of the segment in the span.'),
  live: side,
  baseline: side.nullable(),
});

/** Live counts beside the baseline's. */
export function histogramRoutes({
  directory,
  histograms,
}: Pick<ApiDeps, 'directory' | 'histograms'>): RouteGroup {
  return (api) => {
    api.get(
      '/models/:model/features/:feature/histogram',
      {
        config: { scope: 'read', models: 'param' },
        schema: {
          tags: ['evaluations'],
          operationId: 'showHistogram',
          summary: 'Counts of a feature in a span of event time, beside the baseline',
          description:
            'The ends are rounded down to 5 minutes, the unit that is counted in; a span has 31 days at most. Counts of long ago are kept by the hour, then by the day: they belong to the span in which their hour or day begins.',
          params: modelParams.extend({ feature: name('Name of the feature.') }),
          querystring: z.object({
            from: instantIn('Begin.'),
            to: instantIn('End; not in it.'),
            segment: name('Only of this segment.', 256).default('all'),
            baseline: z.coerce.number().int().min(1).max(1_000_000).optional().meta({
              description: 'Version of the baseline to show beside it; default: the active one.',
            }),
          }),
          response: { 200: histogram, 409: z.null().meta({ description: 'No such span.' }) },
        },
      },
      async ({ params, query }, reply) => {
        const model = await directory.model(params.model);
        if (model === null) return sendProblem(reply, 404, 'There is no model of this name.');
        const [from, to] = [query.from, query.to].map(
          (text) => Math.floor(Math.max(0, Date.parse(text)) / TILE_MS) * TILE_MS,
        ) as [number, number];
        if (to <= from || to - from > MAX_SPAN_MS)
          return sendProblem(reply, 409, '`to` must be after `from`, by 31 days at most.');
        const { segment, baseline } = query;
        const { feature } = params;
        const view = await histograms.read(model.id, {
          feature,
          segment,
          from,
          to,
          baseline: baseline ?? null,
        });
        if (view === null)
          return sendProblem(reply, 404, `The model has no counts of ${feature} in ${segment}.`);
        return {
          ...view,
          feature,
          segment,
          from: iso(from),
          to: iso(to),
          bins: [...view.bins],
          live: { ...view.live, counts: [...view.live.counts] },
          baseline:
            view.baseline === null ? null : { ...view.baseline, counts: [...view.baseline.counts] },
        };
      },
    );
  };
}
