import { z } from 'zod';

import {
  FEATURE_KINDS,
  FEATURE_ROLES,
  TRACKED_CATEGORIES,
  MAX_UNIT,
  UNIT_PATTERN,
} from '../../../core/domain/feature.ts';
import { VERDICTS } from '../../../core/domain/verdict.ts';
import { FORMATS } from './formats.ts';
import { count, instantIn, instantOut, modelParams, name } from '../fields.ts';

export const reason = name('Why, for the record.', 500);
export const versionParams = modelParams.extend({
  version: z.coerce.number().int().min(1).max(2_147_483_647).meta({ description: 'The version.' }),
});

export const BASELINE_STATES = ['candidate', 'active', 'retired'] as const;

export const baseline = z.object({
  model: z.string(),
  version: z.int(),
  state: z.enum(BASELINE_STATES),
  fingerprint: z.string().meta({ description: 'SHA-256 of the content.' }),
  rows: count('Training rows.'),
  from: instantOut('Time of the first row.').nullable(),
  to: instantOut('Time of the last row.').nullable(),
  provenance: z.string().meta({ description: 'Where it came from.' }),
  created: instantOut('When it was stored.'),
  activated: instantOut('When it became active last.').nullable(),
  retired: instantOut('When another took its place.').nullable(),
  activateAt: instantOut('When it becomes active by itself.').nullable(),
  warnings: z.array(z.string()).readonly(),
});

export const event = z.object({
  version: z.int(),
  action: z.enum(['added', 'activated', 'rolled-back', 'scheduled', 'unscheduled', 'discarded']),
  actor: z.string(),
  reason: z.string(),
  at: instantOut('When.'),
});

export const detail = baseline.extend({
  features: z
    .array(
      z.object({
        feature: z.string(),
        kind: z.enum(FEATURE_KINDS),
        role: z.enum(FEATURE_ROLES),
        binning: z.string(),
        also: z
          .array(z.string())
          .readonly()
          .meta({ description: 'Binnings of its history that it is counted on, too.' }),
        rows: count('Rows that have it, or should.'),
        missing: count('Missing values.'),
        invalid: count('Values of another kind.'),
      }),
    )
    .readonly(),
  segments: z.array(z.string()).readonly(),
  events: z.array(event).readonly(),
});

const finding = z.object({
  level: z.enum(['error', 'warning']),
  check: z.string(),
  feature: z.string().nullable(),
  text: z.string(),
});

export const uploaded = z.object({
  baseline: baseline.nullable().meta({ description: 'null: it was only checked.' }),
  known: z.boolean().meta({ description: 'The same content was there already.' }),
  rows: count('Rows of it.'),
  warnings: z.array(finding).readonly(),
});

const side = z
  .object({
    rows: count('Observations.'),
    missing: z.number(),
    quantiles: z.array(z.number()).readonly().nullable().meta({
      description: 'At .01, .05, .25, .5, .75, .95, .99; null for categories.',
    }),
    mean: z.number().nullable(),
  })
  .nullable();

export const diff = z.object({
  model: z.string(),
  before: z.int(),
  after: z.int(),
  different: z.array(z.string()).readonly(),
  added: z.array(z.string()).readonly(),
  removed: z.array(z.string()).readonly(),
  features: z
    .array(
      z.object({
        feature: z.string(),
        kind: z.enum(FEATURE_KINDS),
        change: z.enum(['none', 'different', 'added', 'removed', 'not-comparable']),
        verdict: z.enum(VERDICTS).nullable(),
        psi: z.number().nullable(),
        ks: z.object({ low: z.number(), high: z.number() }).nullable(),
        before: side,
        after: side,
        categories: z
          .array(z.object({ category: z.string(), before: z.number(), after: z.number() }))
          .readonly(),
      }),
    )
    .readonly(),
});

export const shadow = z.object({
  items: z.array(
    z.object({
      monitor: z.string(),
      version: z.int(),
      from: instantOut('Windows that end after this,'),
      to: instantOut('up to this were judged.'),
      days: z.int().meta({ description: 'Days that were asked for.' }),
      evaluations: count('Windows ends that were judged.'),
      thinned: z.boolean().meta({ description: 'Only the last of each day was.' }),
      judgedDays: z
        .array(z.string())
        .readonly()
        .meta({ description: 'Days (UTC) of which anything could be judged.' }),
      alertDays: z
        .array(z.string())
        .readonly()
        .meta({ description: 'Of these, days on which an alert was firing.' }),
      features: z.array(z.string()).readonly(),
      alerts: z
        .array(
          z.object({
            at: instantOut('End of the window.'),
            feature: z.string(),
            segment: z.string(),
            severity: z.string(),
          }),
        )
        .readonly(),
      notComparable: count('Windows of features without a common binning.'),
      summary: z.string(),
    }),
  ),
});

/** Free-form on purpose: config/baseline.schema.json describes it. */
export const document = z.looseObject({ model: z.string(), rows: count('Training rows.') });

const columns = (description: string) =>
  z
    .string()
    .max(8_000)
    .optional()
    .meta({ description: `${description}; separated by commas.` });

/** A JSON object by feature: names and values hold whatever they do. */
const byFeature = (description: string, value: z.ZodType) => {
  const object = z.record(z.string(), value);
  return z
    .string()
    .max(8_000)
    .refine((text) => object.safeParse(jsonIn(text)).success, {
      error: 'it is no JSON object of what the columns named have',
    })
    .optional()
    .meta({
      description: `${description}.`,
      contentMediaType: 'application/json',
      contentSchema: z.toJSONSchema(object),
    });
};

/** undefined: it is none. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What an upload says of its columns. */
export const declarations = {
  numeric: columns('Columns that are numbers'),
  categorical: columns('Columns that are categories, also when they hold whole numbers'),
  boolean: columns('Columns that are true or false'),
  ignore: columns('Columns that are no features'),
  prediction: columns('Columns that are what the model said'),
  label: columns('Columns that are what turned out'),
  critical: columns('Columns of the tier `critical`, unless the configuration says another'),
  categories: byFeature(
    'Categories that are told apart, of the columns that they are declared of, as JSON: {"origin": ["JFK", "LGA"]}',
    z.array(z.string().min(1)).min(1).max(TRACKED_CATEGORIES),
  ),
  unit: byFeature(
    'What numbers of columns are, for people, as JSON: {"temp": "°F"}',
    z.string().max(MAX_UNIT).regex(UNIT_PATTERN),
  ),
  time: name("The column of the rows' times.").optional(),
};

/** What is said of an upload, in the address or in fields of a form. */
export const uploadFields = z.object({
  format: z.enum(FORMATS).optional().meta({ description: 'What the type does not tell.' }),
  name: name('What the file is called.', 200).optional(),
  reason: reason.optional(),
  ...declarations,
  validate: z.enum(['true', 'false']).optional().meta({
    description: 'Only check it; nothing is stored.',
  }),
});
export type UploadFields = z.infer<typeof uploadFields>;

export const change = z.strictObject({ reason });
export const activation = z.strictObject({
  reason,
  at: instantIn('Not now, but then.').optional(),
});
export const promotion = z.strictObject({
  reason: reason.optional(),
  from: instantIn('Events from this instant on; a multiple of 5 minutes.'),
  to: instantIn('Events before this one.'),
});
export const replay = z.strictObject({
  reason: reason.optional(),
  topic: name('A topic of the configuration.', 249),
  from: instantIn('Records from this instant on, by the time that Kafka gives them.'),
  to: instantIn('Records before this one.'),
});
