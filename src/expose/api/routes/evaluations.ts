import { z } from 'zod';

import type { QualityFault } from '../../../core/quality/faults.ts';
import type { EvaluationEntry } from '../../../storage/api/history-reader.ts';
import { sendProblem } from '../../http/problem-details.ts';
import { seesModel } from '../caller.ts';
import type { ApiDeps } from '../deps.ts';
import {
  count,
  cursorOf,
  instantOut,
  iso,
  isoOrNull,
  listOf,
  modelParams,
  name,
  page,
  pageOf,
  timeOf,
  timeRange,
} from '../fields.ts';
import type { RouteGroup } from '../register.ts';
import { score, showScore } from './score.ts';

const fault = z.object({
  check: z.string().meta({ description: 'As in docs/evaluations.md.', examples: ['missing'] }),
  feature: z.string().nullable().meta({ description: 'null: about the events as a whole.' }),
  segment: z.string(),
  window: z.string().nullable().meta({ description: 'null: about what came since the last one.' }),
  value: z.number().meta({ description: 'A share; of volume-drop events.' }),
  expected: z.number().nullable(),
});

const summary = z.looseObject({
  features: count('Features judged.'),
  drifted: z.array(z.string()),
  warned: z.array(z.string()),
  worst: z.array(z.string()).meta({ description: 'By falling KS or PSI, five at most.' }),
  quality: z.array(fault).meta({ description: 'What is wrong with the data.' }),
});

const evaluation = z.object({
  id: z.int(),
  model: z.string(),
  monitor: z.string(),
  windowEnd: instantOut('End of its windows; they do not hold this instant.'),
  revision: count('Above 0: judged again because late data came.'),
  due: instantOut('The tick.'),
  baseline: z.int().nullable().meta({ description: 'Version it was judged against.' }),
  complete: z.boolean().meta({ description: 'Had the events passed the end when it was judged?' }),
  watermark: instantOut('Event time that was complete then.').nullable(),
  summary,
  settings: z
    .looseObject({})
    .meta({ description: 'What it was judged by, enough to do it again.' }),
  durationMs: z.number(),
  createdAt: instantOut('When it was stored.'),
});

const show = (entry: EvaluationEntry) => ({
  ...entry,
  windowEnd: iso(entry.windowEnd),
  due: iso(entry.due),
  watermark: isoOrNull(entry.watermark),
  createdAt: iso(entry.createdAt),
  summary: {
    ...entry.summary,
    drifted: [...entry.summary.drifted],
    warned: [...entry.summary.warned],
    worst: [...entry.summary.worst],
    // Evaluations from before the data was checked have none.
    quality: [...((entry.summary.quality as readonly QualityFault[] | undefined) ?? [])],
  },
  settings: { ...entry.settings },
});

const NO_EVALUATION = 'There is no evaluation of this number.';

const evaluationParams = z.object({
  evaluation: z
    .string()
    .regex(/^[0-9]{1,15}$/)
    .meta({ description: 'Its number.' }),
});

/** Evaluations and their scores. */
export function evaluationRoutes({
  directory,
  history,
}: Pick<ApiDeps, 'directory' | 'history'>): RouteGroup {
  return (api) => {
    api.get(
      '/models/:model/evaluations',
      {
        config: { scope: 'read', models: 'param' },
        schema: {
          tags: ['evaluations'],
          operationId: 'listEvaluations',
          summary: 'Evaluations of a model, newest first',
          params: modelParams,
          querystring: page.extend(timeRange.shape).extend({
            monitor: name('Only of this monitor.').optional(),
          }),
          response: { 200: listOf(evaluation) },
        },
      },
      async ({ params, query }, reply) => {
        const model = await directory.model(params.model);
        if (model === null) return sendProblem(reply, 404, 'There is no model of this name.');
        const filter = {
          monitor: query.monitor ?? null,
          from: timeOf(query.from),
          to: timeOf(query.to),
        };
        const wanted = { limit: query.limit + 1, after: cursorOf(query.cursor) };
        const rows = await history.evaluations(model.id, filter, wanted);
        return pageOf(rows, query.limit, show, ({ id }) => String(id));
      },
    );
    api.get(
      '/evaluations/:evaluation',
      {
        config: { scope: 'read', models: 'filtered' },
        schema: {
          tags: ['evaluations'],
          operationId: 'showEvaluation',
          summary: 'One evaluation with all its scores',
          params: evaluationParams,
          response: { 200: evaluation.extend({ scores: z.array(score) }) },
        },
      },
      async ({ params, caller }, reply) => {
        const id = Number(params.evaluation);
        const found = await history.evaluation(id);
        if (found === null || !seesModel(caller, found.model))
          return sendProblem(reply, 404, NO_EVALUATION);
        const scores = await history.scoresOf(id);
        return { ...show(found), scores: scores.map(showScore) };
      },
    );
  };
}
