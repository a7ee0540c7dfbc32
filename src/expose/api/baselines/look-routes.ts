import { z } from 'zod';

import { sendProblem } from '../../http/problem-details.ts';
import { cursorOf, listOf, modelParams, page, pageOf } from '../fields.ts';
import type { Api } from '../register.ts';
import { LOOK, TAGS, answer } from './answer.ts';
import type { BaselineDesk } from './desk.ts';
import {
  BASELINE_STATES,
  baseline,
  detail,
  diff,
  document,
  event,
  shadow,
  versionParams,
} from './fields.ts';

/** At once: each judges up to 100 windows, beside the monitors. */
const MAX_SHADOWS = 2;

/** Versions of a model: look, compare, try on stored days. */
export function lookRoutes(api: Api, desk: BaselineDesk): void {
  let shadows = 0;
  api.get(
    '/models/:model/baselines',
    {
      config: LOOK,
      schema: {
        tags: TAGS,
        operationId: 'listBaselines',
        summary: 'Versions of a model, oldest first',
        params: modelParams,
        querystring: page.extend({
          state: z.enum(BASELINE_STATES).optional().meta({ description: 'Only those.' }),
        }),
        response: { 200: listOf(baseline) },
      },
    },
    ({ params, query: { limit, cursor, state } }) =>
      answer(async () => {
        const after = cursorOf(cursor) ?? 0;
        const rows = (await desk.list(params.model)).filter(
          (row) => row.version > after && (state === undefined || row.state === state),
        );
        return pageOf(
          rows,
          limit,
          (row) => row,
          ({ version }) => String(version),
        );
      }),
  );
  api.get(
    '/models/:model/baselines/:version',
    {
      config: LOOK,
      schema: {
        tags: TAGS,
        operationId: 'showBaseline',
        summary: 'One version with its features and its record',
        params: versionParams,
        response: { 200: detail },
      },
    },
    ({ params }) => answer(() => desk.show(params.model, params.version)),
  );
  api.get(
    '/models/:model/baselines/:version/document',
    {
      config: LOOK,
      schema: {
        tags: TAGS,
        operationId: 'exportBaseline',
        summary: 'One version as the histogram document that can be uploaded again',
        params: versionParams,
        response: { 200: document },
      },
    },
    ({ params }) =>
      answer(async () => ({ ...(await desk.document(params.model, params.version)) })),
  );
  api.get(
    '/models/:model/baselines/:version/diff',
    {
      config: LOOK,
      schema: {
        tags: TAGS,
        operationId: 'diffBaseline',
        summary: 'What differs from the active version, or from another',
        params: versionParams,
        querystring: z.object({
          against: z.coerce.number().int().min(1).max(2_147_483_647).optional().meta({
            description: 'The other version; the active one if not given.',
          }),
        }),
        response: { 200: diff },
      },
    },
    ({ params, query }) =>
      answer(() => desk.diff(params.model, params.version, query.against ?? null)),
  );
  api.get(
    '/models/:model/baselines/:version/shadow',
    {
      config: LOOK,
      schema: {
        tags: TAGS,
        operationId: 'shadowBaseline',
        summary: 'What the version would have announced over the last days',
        description: 'Judges the stored counts as the monitors would have; tells nobody.',
        params: versionParams,
        querystring: z.object({
          days: z.coerce.number().int().min(1).max(62).default(14).meta({
            description: 'Days of event time, back from where events are complete.',
          }),
        }),
        response: { 200: shadow, 503: z.null().meta({ description: 'Others are being judged.' }) },
      },
    },
    async ({ params, query }, reply) => {
      if (shadows >= MAX_SHADOWS) {
        void reply.header('retry-after', '10');
        return sendProblem(reply, 503, `${MAX_SHADOWS} shadows are being judged; come again.`);
      }
      shadows += 1;
      try {
        return await answer(async () => ({
          items: await desk.shadow(params.model, params.version, query.days),
        }));
      } finally {
        shadows -= 1;
      }
    },
  );
  api.get(
    '/models/:model/baseline-events',
    {
      config: LOOK,
      schema: {
        tags: TAGS,
        operationId: 'listBaselineEvents',
        summary: "Who did what to the model's baselines, when and why; oldest first",
        params: modelParams,
        querystring: page,
        response: { 200: listOf(event) },
      },
    },
    ({ params, query: { limit, cursor } }) =>
      answer(async () => {
        // A line never changes and none goes: its place is as good as an id.
        const lines = (await desk.events(params.model)).map((line, i) => ({ line, place: i + 1 }));
        return pageOf(
          lines.slice(cursorOf(cursor) ?? 0),
          limit,
          ({ line }) => line,
          ({ place }) => String(place),
        );
      }),
  );
}
