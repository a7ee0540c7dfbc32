import { z } from 'zod';

import { sendProblem } from '../../http/problem-details.ts';
import type { RouteGroup } from '../register.ts';

/** What became of a reload: the sections that changed, or why nothing did. */
export type ReloadResult =
  | { readonly reloaded: true; readonly changed: readonly string[] }
  | {
      readonly reloaded: false;
      /** invalid: the file is wrong; restart: it asks for what cannot change; unavailable: something did not answer. */
      readonly reason: 'invalid' | 'restart' | 'unavailable';
      readonly detail: string;
    };

export interface Reloader {
  /** Rejects with a defect only. */
  reload(): Promise<ReloadResult>;
}

const STATUS_OF = { invalid: 422, restart: 409, unavailable: 503 } as const;
const REFUSED = z.null();

/** The configuration, read anew. */
export function reloadRoutes(reloader: Reloader): RouteGroup {
  return (api) => {
    api.post(
      '/reload',
      {
        config: { scope: 'admin', models: 'every' },
        schema: {
          tags: ['administration'],
          operationId: 'reloadConfiguration',
          summary: 'Read the configuration file anew, as SIGHUP does',
          response: {
            200: z.object({
              changed: z
                .array(z.string())
                .meta({ description: 'Sections that differ from before.' }),
            }),
            409: REFUSED.meta({
              description: 'A key differs that cannot change without a restart.',
            }),
            422: REFUSED.meta({ description: 'The file is wrong; nothing was changed.' }),
            503: REFUSED.meta({ description: 'Something that is needed did not answer.' }),
          },
        },
      },
      async (_request, reply) => {
        const result = await reloader.reload();
        if (result.reloaded) return { changed: [...result.changed] };
        return sendProblem(reply, STATUS_OF[result.reason], result.detail);
      },
    );
  };
}
