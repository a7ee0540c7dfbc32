import { z } from 'zod';

import { FEATURE_KINDS, FEATURE_ROLES } from '../../src/core/domain/feature.ts';

/** JSON has no infinities. */
const double = z
  .union([z.number(), z.enum(['Infinity', '-Infinity', 'NaN'])])
  .meta({ description: 'A number; infinities and NaN as texts.' });
const count = z.int().min(0);
const counts = z.array(count);
const id = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .meta({ description: 'Fingerprint of the binning; checked when it is there.' });

const numericBinning = z.object({
  id: id.optional(),
  edges: z.array(z.number()).min(1).meta({
    description: 'Ascending. Bin i is (edges[i-1], edges[i]]; the first and last are infinite.',
  }),
  atoms: z.array(count).meta({ description: 'Indexes of bins that hold a single value.' }),
  tailBins: z.array(count).meta({ description: 'Indexes of bins whose sums are in tailSums.' }),
});
const categoricalBinning = z.object({
  id: id.optional(),
  categories: z.array(z.string()).meta({ description: 'Tracked ones; booleans: false, true.' }),
  known: z
    .array(z.string().regex(/^[0-9a-f]{1,16}$/))
    .meta({ description: 'Salted 64-bit hashes of the other known ones, hexadecimal.' }),
  salt: z.string(),
});
const namedBinning = z
  .object({ id })
  .meta({ description: 'One that stands in full at a feature of the whole.' });

/** Counts under a binning, of numbers or of categories. */
const histogram = {
  counts: counts.meta({ description: 'One a bin, or one a tracked category.' }),
  missing: count.optional(),
  invalid: count.optional(),
  moments: z
    .object({
      zero: count,
      negative: count,
      integer: count,
      infinite: count.optional(),
      sum: double.optional(),
      sumSquares: double.optional(),
      min: z.number().nullable().optional(),
      max: z.number().nullable().optional(),
    })
    .optional()
    .meta({ description: 'Numbers: needed when values were counted.' }),
  tailSums: z.array(double).optional().meta({ description: 'Numbers: sums of the tail bins.' }),
  other: count.optional().meta({ description: 'Known, but not tracked.' }),
  unseen: count.optional(),
  cells: counts.length(256).optional().meta({
    description: 'Counts by hash; needed when values are not tracked.',
  }),
  heavy: z
    .array(z.tuple([z.string(), count]))
    .optional()
    .meta({ description: 'Frequent values that are not tracked, with lower bounds.' }),
};

const days = z
  .object({
    groupOf: z.array(z.int().min(0).max(9)).meta({
      description: 'Coarse group of each bin; of categories, then other, then unseen.',
    }),
    hours: z.array(z.int()).meta({ description: 'UTC hours since the epoch, ascending.' }),
    counts: counts.meta({ description: 'Hours times groups, hour by hour.' }),
  })
  .meta({
    description: 'How the hours of the training rows differ: the seed of the design effect.',
  });

const featureFields = {
  feature: z.string().min(1),
  kind: z.enum(FEATURE_KINDS),
  role: z.enum(FEATURE_ROLES).optional().meta({ description: 'input unless it says otherwise.' }),
  binning: z.union([numericBinning, categoricalBinning, namedBinning]),
  scale: z.number().min(0).optional().meta({ description: 'q90 - q10; else as the bins tell.' }),
  ...histogram,
  goodTuring: z
    .object({ singletons: count, doubletons: count })
    .optional()
    .meta({ description: 'Categories that the rows hold once, and twice.' }),
  days: days.optional(),
  slots: z
    .array(z.object({ slot: z.int().min(0).max(167), ...histogram }))
    .optional()
    .meta({ description: 'By hour of the week, 0 is Monday 00:00 UTC; only those with rows.' }),
};
const feature = z.object({
  ...featureFields,
  also: z
    .array(z.object(featureFields))
    .optional()
    .meta({ description: 'The same rows counted on the binning of its history.' }),
});

const time = z.iso.datetime().nullable().optional();

/** The histogram document of a baseline. What the reader checks besides is told in its errors. */
export const baselineDocument = z
  .object({
    model: z.string().min(1),
    rows: count,
    from: time,
    to: time,
    provenance: z.string().optional(),
    features: z.array(feature),
    segments: z
      .record(z.string(), z.array(feature))
      .optional()
      .meta({ description: 'Features of slices, by name such as `origin=JFK`.' }),
  })
  .meta({
    title: 'driftd baseline',
    description: 'Reference distributions of a model: counts of its training rows under binnings.',
  });

export function baselineSchema(): object {
  return z.toJSONSchema(baselineDocument, { target: 'draft-2020-12', io: 'input' });
}
