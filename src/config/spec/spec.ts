import { z } from 'zod';

import { receiver, route, smtp } from './delivery.ts';
import { baselines, model, monitor } from './monitoring.ts';
import { heartbeat, maintenance, notify } from './notify.ts';
import { http, log, postgres } from './services.ts';
import { httpSource, ingest, kafka, replay, retention } from './sources.ts';

/**
 * The whole configuration file: the one place where a key, its rule, its default and its description stand. Values are
 * as written (durations are still strings); resolve.ts makes the DriftdConfig of them.
 */
export const configSpec = z
  .strictObject({
    kafka: kafka.optional(),
    replay: replay.optional(),
    http_source: httpSource.optional(),
    postgres,
    http,
    log,
    ingest,
    retention,
    baselines,
    models: z.array(model).max(1_000).default([]).meta({ description: 'The watched models.' }),
    monitors: z
      .array(monitor)
      .max(10_000)
      .default([])
      .meta({ description: 'What is compared, and when.' }),
    receivers: z.array(receiver).max(1_000).default([]).meta({ description: 'Who can be told.' }),
    routes: z.array(route).max(1_000).default([]).meta({ description: 'Who is told of what.' }),
    smtp: smtp.optional(),
    notify,
    heartbeat: heartbeat.optional(),
    maintenance: z
      .array(maintenance)
      .max(1_000)
      .default([])
      .meta({ description: 'Times in which alerts are not told.' }),
  })
  .meta({ title: 'driftd configuration', description: 'The configuration file of driftd.' });

/** What a file that follows the spec holds, defaults filled in. */
export type ConfigDocument = z.output<typeof configSpec>;
