import { sealBaseline } from '../../../core/baseline/document/document.ts';
import type { Baseline, BaselineFeature } from '../../../core/baseline/types.ts';
import { tracksExactly } from '../../../core/histogram/categorical-binning.ts';
import { DriftdError } from '../../../platform/errors.ts';
import type { RowDeclarations } from '../declarations.ts';

/**
 * Whoever declares something of a column means one that there is.
 * @param what has them, for people
 * @throws DriftdError BASELINE_INVALID naming what is not there
 */
export function assertSaid(
  { said = [] }: Pick<RowDeclarations, 'said'>,
  names: readonly string[],
  what: string,
): void {
  const there = new Set(names);
  const missing = said.filter((name) => !there.has(name));
  if (missing.length === 0) return;
  const text = `${what} has no ${missing.join(', ')}, of which something is declared: correct the names`;
  throw new DriftdError('BASELINE_INVALID', text);
}

/**
 * A document with what is declared of its features: roles are set, ignored ones left out. Kinds and categories are what
 * its counts are.
 * @throws DriftdError BASELINE_INVALID naming the feature whose kind, or whose categories, are others
 */
export function declareDocument(
  baseline: Baseline,
  declarations: RowDeclarations,
  name: string,
): Baseline {
  const names = baseline.features.map((feature) => feature.name);
  assertSaid(declarations, names, name);
  const declared = new Map(declarations.declared);
  const wrong = baseline.features.find((feature) => {
    const of = declared.get(feature.name);
    return of?.ignore !== true && of?.kind !== undefined && of.kind !== feature.kind;
  });
  if (wrong !== undefined) {
    const text = `${name}: ${wrong.name} is counted as ${wrong.kind} and declared ${declared.get(wrong.name)?.kind}: make it from rows, or declare it so`;
    throw new DriftdError('BASELINE_INVALID', text);
  }
  const others = baseline.features.find(({ name: of, histogram: { binning } }) => {
    const { ignore = false, categories } = declared.get(of) ?? {};
    if (ignore || categories === undefined || binning.kind === 'numeric') return false;
    return !tracksExactly(binning, categories);
  });
  if (others !== undefined) {
    const text = `${name}: ${others.name} is counted on other categories than those declared: make it from rows, or declare these`;
    throw new DriftdError('BASELINE_INVALID', text);
  }
  const apply = (features: readonly BaselineFeature[]): BaselineFeature[] =>
    features.flatMap((feature) => {
      const { ignore = false, role = feature.role } = declared.get(feature.name) ?? {};
      if (ignore) return [];
      const also = feature.also?.map((further) => ({ ...further, role }));
      return [{ ...feature, role, ...(also === undefined ? {} : { also }) }];
    });
  const { fingerprint: _, ...parts } = baseline;
  return sealBaseline({
    ...parts,
    features: apply(baseline.features),
    segments: new Map([...baseline.segments].map(([segment, own]) => [segment, apply(own)])),
  });
}
