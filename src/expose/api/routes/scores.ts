import { z } from 'zod';

import { VERDICTS } from '../../../core/domain/verdict.ts';
import { sendProblem } from '../../http/problem-details.ts';
import type { ApiDeps } from '../deps.ts';
import { cursorOf, listOf, modelParams, name, page, timeOf, timeRange } from '../fields.ts';
import type { RouteGroup } from '../register.ts';
import { score, showScore } from './score.ts';

/** Scores over time: the series that a picture of a feature is made of. */
export function scoreRoutes({
  directory,
  history,
}: Pick<ApiDeps, 'directory' | 'history'>): RouteGroup {
  return (api) => {
    api.get(
      '/models/:model/scores',
      {
        config: { scope: 'read', models: 'param' },
        schema: {
          tags: ['evaluations'],
          operationId: 'listScores',
          summary: 'Scores of a model over time, newest first, of the newest revisions',
          description: '`limit` counts evaluations: a page never ends within one.',
          params: modelParams,
          querystring: page.extend(timeRange.shape).extend({
            feature: name('Only of this feature.').optional(),
            segment: name('Only of this segment; `all` is one.', 256).optional(),
            window: name('Only of this window, like 24h.', 16).optional(),
            verdict: z.enum(VERDICTS).optional(),
          }),
          response: { 200: listOf(score) },
        },
      },
      async ({ params, query }, reply) => {
        const model = await directory.model(params.model);
        if (model === null) return sendProblem(reply, 404, 'There is no model of this name.');
        const { limit, cursor, from, to, ...rest } = query;
        const filter = {
          feature: rest.feature ?? null,
          segment: rest.segment ?? null,
          window: rest.window ?? null,
          verdict: rest.verdict ?? null,
          from: timeOf(from),
          to: timeOf(to),
        };
        const scores = await history.scores(model.id, filter, { limit, after: cursorOf(cursor) });
        const ids = new Set(scores.map(({ evaluation }) => evaluation));
        // Evaluations without a fitting score are not seen here: fewer than asked for may not be the end.
        const last = scores.at(-1)?.evaluation;
        const next = last === undefined || ids.size < 1 ? null : String(last);
        return { items: scores.map(showScore), next };
      },
    );
  };
}
