import { z } from 'zod';

import {
  FEATURE_KINDS,
  FEATURE_ROLES,
  FEATURE_TIERS,
  TRACKED_CATEGORIES,
  MAX_UNIT,
  UNIT_PATTERN,
} from '../../core/domain/feature.ts';
import { MONITOR_CLOCKS, SEASONALITIES, WINDOW_SPANS } from '../types.ts';
import type { WindowName } from '../types.ts';
import { count, duration, name, path, text } from './fields.ts';
import { policy } from './policy.ts';

const WINDOW_NAMES = Object.keys(WINDOW_SPANS) as [WindowName, ...WindowName[]];

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
      .meta({
        description:
          'How much it matters: routes match on it, policies differ by it; `ignore`: neither counted nor judged. What neither this nor the upload says is `standard`.',
        examples: ['critical'],
      })
      .optional(),
    categories: z
      .array(text('A category, as events name it.', 'JFK'))
      .min(1)
      .max(TRACKED_CATEGORIES)
      .meta({
        description:
          'Of a categorical feature: the categories that are told apart, whatever the rows of a baseline hold; all others are counted together. Default: the 64 most frequent.',
        examples: [['EWR', 'JFK', 'LGA']],
      })
      .optional(),
    unit: z
      .string()
      .max(MAX_UNIT)
      .regex(UNIT_PATTERN)
      .meta({
        description: 'What its numbers are, shown with them in mail and reports.',
        examples: ['°F'],
      })
      .optional(),
  })
  .meta({ description: 'What is declared about one feature.' });

export const model = z
  .strictObject({
    name: name('The `model` of its events.', 'flights-late'),
    owner: name('Who looks after it; routes match on it.', 'team-flights').optional(),
    attributes: z
      .array(name('Key of `attributes`.', 'origin'))
      .max(8)
      .default([])
      .meta({
        description:
          'Keys of `attributes` that events are sliced by. A value is judged apart once the baseline has 1,000 rows of it.',
        examples: [['origin']],
      }),
    allowed_lateness: duration(
      'How long a window waits for events that come late. Later ones are counted for 8 more days, and their windows judged again.',
      '1h',
    ).default('1h'),
    silent_after: duration(
      'How long it may send no event before somebody is told; only on the wall clock. Default: two intervals of its most frequent monitor and a minute.',
      '1d',
    ).optional(),
    time_column: text('Column of the event time in baseline row files.', 'ts').default('ts'),
    features: z
      .record(name('Name of the feature.', 'temp'), feature)
      .default({})
      .meta({ description: 'By name; optional, since the baseline names and types the features.' }),
  })
  .meta({ description: 'One watched model.' });

export const monitor = z
  .strictObject({
    name: name('Name in alerts, metrics and mail.', 'flights-daily'),
    model: name('The model it watches.', 'flights-late'),
    schedule: text(
      'Cron expression: minute, hour, day of month, month, day of week. Windows end on multiples of 5 minutes, so that of several ticks within 5 minutes the first counts.',
      '0 6 * * *',
    ),
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
    volume_drop: z
      .number()
      .min(0)
      .lt(1)
      .default(0.5)
      .meta({
        description:
          'Share of the events usual at this time of the day and week that may stay away before somebody is told; 0 switches the check off.',
        examples: [0.5],
      }),
    policy,
  })
  .meta({ description: 'A model, its windows, a schedule and a policy.' });
