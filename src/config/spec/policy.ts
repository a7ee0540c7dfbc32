import { z } from 'zod';

import { PSI_MODES } from '../../core/statistic/psi.ts';
import { STATISTICS } from '../../core/statistic/catalogue.ts';
import { count, effect, name } from './fields.ts';

export const OPEN_PATTERN = /^([1-9]\d?) of ([1-9]\d?)$/;

const GATE_NAMES = STATISTICS.filter(({ use }) => use === 'gate').map((entry) => entry.name);

const budget = z
  .number()
  .gt(0)
  .max(100)
  .meta({
    description:
      'False alerts a day, in expectation, of all monitors together; by default one in 30 days. A tier or feature with a budget of its own is tested apart from the rest.',
    examples: [0.033],
  });

const warning = (example: number) => effect('Tolerated before a warning.', example);
const critical = (example: number) =>
  effect('Tolerated before a critical alert; not below `warning`.', example);

const DELTA =
  'Tolerated effect in KS and PSI. What is smaller never alerts, however certain it is.';
const SHARE_DELTA =
  'Tolerated effect in shares: spike, missing, invalid, unseen and single categories, zero, negative and whole numbers. A category with more than 2 % of the baseline, and zero, negative and whole numbers where the baseline has between 2 and 98 % of them, are points of the distribution and have `delta`.';

const alpha = z
  .number()
  .gt(0)
  .max(0.5)
  .meta({
    description: 'Level of the second gate, "the effect is beyond the tolerated one".',
    examples: [0.001],
  });

const minSamples = count(
  'Windows with fewer observations are `insufficient`, whatever they show.',
  { min: 1, max: 1_000_000_000, example: 500 },
);

const psiMode = z.enum(PSI_MODES).meta({
  description:
    'How PSI treats empty groups: `half` adds half a count to each, `floor` takes shares below 0.0001 as 0.0001, `evidently` does as that package does.',
  examples: ['half'],
});

const designEffect = z
  .union([z.enum(['baseline', 'history', 'none']), z.number().min(1).max(1_000_000)])
  .meta({
    description:
      'Where the inflation of variance by autocorrelated events comes from: seeded by the `baseline`, only from the `history` of the monitor, `none`, or a fixed number from 1.',
    examples: ['baseline', 25],
  });

const threshold = (of: string) =>
  z
    .number()
    .gt(0)
    .max(1_000_000)
    .meta({ description: `From this value on: ${of}.`, examples: [0.2] });

const fixed = z
  .record(
    name('A statistic.', 'psi'),
    z
      .union([
        threshold('critical'),
        z.strictObject({ warning: threshold('a warning'), critical: threshold('critical') }),
      ])
      .meta({
        description: 'Fires from this value on, as critical; or one value for each severity.',
        examples: [0.2, { warning: 0.1, critical: 0.25 }],
      }),
  )
  .meta({
    description:
      'Statistics judged by a fixed threshold instead of by significance and tolerated effect, e.g. the folklore of PSI 0.2.',
    examples: [{ psi: 0.2 }],
  });

const off = z
  .array(z.enum(GATE_NAMES as [string, ...string[]]).meta({ examples: ['spike'] }))
  .meta({
    description: 'Statistics that take no part in the decision.',
    examples: [['spike']],
  });

/** What a tier or a feature says differently; what it leaves out stays as it is one level up. */
const override = z.strictObject({
  alert_budget_per_day: budget.optional(),
  delta: z
    .strictObject({ warning: warning(0.1).optional(), critical: critical(0.2).optional() })
    .meta({ description: DELTA })
    .optional(),
  share_delta: z
    .strictObject({ warning: warning(0.02).optional(), critical: critical(0.05).optional() })
    .meta({ description: SHARE_DELTA })
    .optional(),
  alpha: alpha.optional(),
  min_samples: minSamples.optional(),
  psi_mode: psiMode.optional(),
  design_effect: designEffect.optional(),
  fixed: fixed.optional(),
  off: off.optional(),
});

export const policy = z
  .strictObject({
    alert_budget_per_day: budget.default(1 / 30),
    delta: z
      .strictObject({ warning: warning(0.05).default(0.05), critical: critical(0.1).default(0.1) })
      .prefault({})
      .meta({ description: DELTA }),
    share_delta: z
      .strictObject({
        warning: warning(0.01).default(0.01),
        critical: critical(0.02).default(0.02),
      })
      .prefault({})
      .meta({ description: SHARE_DELTA }),
    alpha: alpha.default(0.001),
    min_samples: minSamples.default(1),
    psi_mode: psiMode.default('half'),
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
    design_effect: designEffect.default('baseline'),
    fixed: fixed.default({}),
    off: off.default([]),
    tiers: z
      .strictObject({
        critical: override.meta({ description: 'For features of the tier `critical`.' }).optional(),
        standard: override.meta({ description: 'For features of the tier `standard`.' }).optional(),
      })
      .prefault({})
      .meta({ description: 'What is different for the features of a tier.' }),
    features: z
      .record(
        name('Name of the feature.', 'temp'),
        override.meta({ description: 'What is different for this feature.' }),
      )
      .default({})
      .meta({
        description:
          'What is different for single features, by name. A feature wins over its tier, the tier over the monitor, key by key; the lists `off` replace each other.',
      }),
  })
  .prefault({})
  .meta({ description: 'When a difference is an alert.' });
