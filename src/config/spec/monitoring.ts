import { z } from 'zod';

import { FEATURE_KINDS, FEATURE_ROLES, FEATURE_TIERS } from '../../core/domain/feature.ts';
import { MONITOR_CLOCKS, SEASONALITIES, WINDOW_SPANS } from '../types.ts';
import type { WindowName } from '../types.ts';
import { count, duration, effect, name, path, text } from './fields.ts';

const WINDOW_NAMES = Object.keys(WINDOW_SPANS) as [WindowName, ...WindowName[]];

export const OPEN_PATTERN = /^([1-9]\d?) of ([1-9]\d?)$/;

export const baselines = z
  .strictObject({
    directory: path(
      'Folder of baseline files, read at start: `<model>.csv`, `.csv.gz`, `.ndjson`, `.json` (rows) or `<model>.baseline.json` (a histogram document).',
      'baselines',
    ).optional(),
  })
  .prefault({})
  .meta({ description: 'Where baselines come from besides uploads.' });

const feature = z
  .strictObject({
    kind: z
      .enum(FEATURE_KINDS)
      .meta({ description: 'Overrides what the baseline says.', examples: ['categorical'] })
      .optional(),
    role: z
      .enum(FEATURE_ROLES)
      .meta({ description: 'Overrides what the baseline says.', examples: ['prediction'] })
      .optional(),
    tier: z
      .enum(FEATURE_TIERS)
      .default('standard')
      .meta({
        description:
          'How much it matters: routes match on it; `ignore` watches the feature without alerts.',
        examples: ['critical'],
      }),
  })
  .meta({ description: 'What is declared about one feature.' });

export const model = z
  .strictObject({
    name: name('The `model` of its events.', 'flights-late'),
    attributes: z
      .array(name('Key of `attributes`.', 'origin'))
      .max(8)
      .default([])
      .meta({
        description: 'Keys of `attributes` that events are sliced by.',
        examples: [['origin']],
      }),
    allowed_lateness: duration('How late an event may come and still count.', '1h').default('1h'),
    time_column: text('Column of the event time in baseline row files.', 'ts').default('ts'),
    features: z
      .record(name('Name of the feature.', 'temp'), feature)
      .default({})
      .meta({ description: 'By name; optional, since the baseline names and types the features.' }),
  })
  .meta({ description: 'One watched model.' });

const policy = z
  .strictObject({
    alert_budget_per_day: z
      .number()
      .gt(0)
      .max(100)
      .default(0.033)
      .meta({
        description:
          'False alerts a day that the whole monitor may raise in expectation; 0.033 is one a month.',
        examples: [0.033],
      }),
    delta: z
      .strictObject({
        warning: effect('Tolerated before a warning.', 0.05).default(0.05),
        critical: effect('Tolerated before a critical alert; above `warning`.', 0.1).default(0.1),
      })
      .prefault({})
      .meta({
        description:
          'Tolerated effect in KS and PSI. What is smaller never alerts, however certain it is.',
      }),
    share_delta: z
      .strictObject({
        warning: effect('Tolerated before a warning.', 0.01).default(0.01),
        critical: effect('Tolerated before a critical alert; above `warning`.', 0.02).default(0.02),
      })
      .prefault({})
      .meta({
        description: 'Tolerated effect in shares: spike, missing, invalid, unseen categories.',
      }),
    open: z
      .string()
      .regex(OPEN_PATTERN)
      .default('2 of 3')
      .meta({
        description: 'Evaluations that must fire for an alert to open.',
        examples: ['2 of 3'],
      }),
    close: count('Evaluations in a row without firing that close an alert.', {
      min: 1,
      max: 99,
      example: 3,
    }).default(3),
    design_effect: z
      .union([z.enum(['baseline', 'history', 'none']), z.number().min(1).max(1_000_000)])
      .default('baseline')
      .meta({
        description:
          'Where the inflation of variance by autocorrelated events comes from: seeded by the `baseline`, only from the `history`, `none`, or a fixed number from 1.',
        examples: ['baseline', 25],
      }),
  })
  .prefault({})
  .meta({ description: 'When a difference is an alert.' });

export const monitor = z
  .strictObject({
    name: name('Name in alerts, metrics and mail.', 'flights-daily'),
    model: name('The model it watches.', 'flights-late'),
    schedule: text('Cron expression: minute, hour, day of month, month, day of week.', '0 6 * * *'),
    time_zone: text('IANA time zone of the schedule.', 'Europe/Berlin').default('UTC'),
    clock: z
      .enum(MONITOR_CLOCKS)
      .default('wall')
      .meta({
        description:
          '`wall`: the database clock; `event`: the time in the events, for replayed data.',
        examples: ['wall'],
      }),
    windows: z
      .array(z.enum(WINDOW_NAMES).meta({ examples: ['24h'] }))
      .min(1)
      .default(['24h'])
      .meta({
        description: 'Spans of event time, each judged at every tick and ending there.',
        examples: [['24h', '7d']],
      }),
    seasonality: z
      .enum(SEASONALITIES)
      .default('none')
      .meta({
        description:
          'Compare with the same hours of the day or week; needs a baseline with timestamps.',
        examples: ['daily'],
      }),
    catch_up: count(
      'Missed ticks that are run after all, oldest first; the rest is marked missed.',
      {
        min: 0,
        max: 1_000,
        example: 24,
      },
    ).default(24),
    policy,
  })
  .meta({ description: 'A model, its windows, a schedule and a policy.' });
