import { z } from 'zod';

import { FEATURE_KINDS, FEATURE_ROLES, FEATURE_TIERS } from '../../../core/domain/feature.ts';
import { SEVERITIES, VERDICTS } from '../../../core/domain/verdict.ts';
import type { ScoreEntry } from '../../../storage/api/history-reader.ts';
import { count, instantOut, iso } from '../fields.ts';

const shares = z.object({ baseline: z.number(), live: z.number() });
const logP = z.number().nullable();

const statistic = z.object({
  name: z.string().meta({ description: 'As docs/statistics.md calls it.' }),
  value: z.number(),
  low: z.number().optional().meta({ description: "KS: the raw values' distance is not below." }),
  high: z.number().optional().meta({ description: 'KS: and not above.' }),
  logP: logP.meta({ description: 'ln p of "no change".' }),
  logP0: logP.meta({ description: 'The same as the first gate tests it.' }),
  logPAdjusted: logP.meta({ description: 'Corrected for the whole evaluation.' }),
  logPDelta: z
    .object({ warning: z.number(), critical: z.number() })
    .nullable()
    .meta({ description: 'ln p of "the effect is at most what is tolerated": the second gate.' }),
  fires: z.enum(SEVERITIES).nullable(),
  at: z.union([z.number(), z.string()]).optional().meta({ description: 'Where it is greatest.' }),
});

/** What one feature was found to be in one segment and window. */
export const score = z.object({
  evaluation: z.int(),
  windowEnd: instantOut('End of the window.'),
  revision: count('Of the evaluation.'),
  feature: z.string(),
  kind: z.enum(FEATURE_KINDS),
  role: z.enum(FEATURE_ROLES),
  tier: z.enum(FEATURE_TIERS),
  segment: z.string(),
  window: z.string(),
  verdict: z.enum(VERDICTS),
  warmingUp: z.boolean(),
  provenBelow: z.boolean(),
  n: z.number(),
  m: z.number(),
  nEff: z.number(),
  mEff: z.number(),
  designEffect: z.number(),
  minimumDetectableEffect: z.number(),
  missing: shares,
  invalid: shares,
  outOfRangeShare: z.number().nullable(),
  unseenShare: z.number().nullable(),
  statistics: z.array(statistic),
});

export function showScore({ result, windowEnd, ...rest }: ScoreEntry): z.input<typeof score> {
  const { groups: _, statistics, ...shown } = result;
  return { ...rest, ...shown, statistics: [...statistics], windowEnd: iso(windowEnd) };
}
