import { describe, expect, it } from 'vitest';

import { baselineDocument } from '../../../scripts/generate/baseline-schema.ts';
import { readBaselineFile } from '../../../src/app/baselines/reading/read-file.ts';
import { toDocument } from '../../../src/core/baseline/document/document.ts';

const FILE = new URL('../../../baselines/flights-late.csv.gz', import.meta.url).pathname;

describe('the published schema of baselines', () => {
  it('takes what driftd writes, with slots and hours, and nothing is left out', async () => {
    const baseline = await readBaselineFile({
      path: FILE,
      model: 'flights',
      provenance: 'january',
      declarations: {
        timeColumn: 'ts',
        declared: [['dest', { ignore: true }]],
        attributes: ['origin'],
        slots: true,
      },
      history: new Map(),
    });
    const document: unknown = JSON.parse(JSON.stringify(toDocument(baseline)));
    // What the schema does not know would be stripped.
    expect(baselineDocument.parse(document)).toEqual(document);
  });

  it.each([
    ['no model', { rows: 1, features: [] }],
    ['a share as a count', { model: 'm', rows: 0.5, features: [] }],
    ['a feature without counts', { model: 'm', rows: 1, features: [{ feature: 'x' }] }],
  ])('refuses %s', (_, document) => {
    expect(baselineDocument.safeParse(document).success).toBe(false);
  });
});
