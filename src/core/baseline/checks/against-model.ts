import type { Feature } from '../../domain/feature.ts';
import type { Baseline } from '../types.ts';
import type { StreamBeside, StreamFeature } from './against-stream.ts';
import { error, warning } from './finding.ts';
import type { Finding } from './finding.ts';

/** What the model knows before the baseline comes. */
export interface CheckContext {
  /** The model's features as events are counted; empty for a new model. */
  readonly features: readonly Feature[];
  /** null: there is none. */
  readonly active: Baseline | null;
  /** What the last day of the stream holds, by feature. */
  readonly stream?: ReadonlyMap<string, StreamFeature>;
  /** What it brings beside that. */
  readonly beside?: StreamBeside;
  /** Attributes that the model's events are sliced by. */
  readonly attributes?: readonly string[];
}

/** What changes for the model when the baseline becomes active. */
export function checkAgainstModel(
  baseline: Baseline,
  { features, active }: CheckContext,
): Finding[] {
  const findings: Finding[] = [];
  const kindOf = new Map(features.map((feature) => [feature.name, feature.kind]));
  const own = new Set(baseline.features.map(({ name }) => name));
  const counted = new Set(active?.features.map(({ name }) => name));
  for (const { name, kind } of baseline.features) {
    const known = kindOf.get(name);
    if (known !== undefined && known !== kind) {
      const text = `${name} is ${kind} here, but events are counted as ${known}: declare its kind, or mend the rows`;
      findings.push(error('kind-contradicts', name, text));
    } else if (active !== null && !counted.has(name)) {
      const text = `${name} is new: it is counted from now on, and has no data before`;
      findings.push(warning('feature-new', name, text));
    }
  }
  if (active === null) return findings;
  const earlier = new Map(active.features.map((feature) => [feature.name, feature.histogram]));
  for (const feature of baseline.features) {
    const held = earlier.get(feature.name)?.binning.id;
    const all = [feature, ...(feature.also ?? [])].map(({ histogram }) => histogram.binning.id);
    if (held === undefined || held === all[0]) continue;
    if (all.includes(held)) {
      const text = `${feature.name} does not fit the binning in use and gets one of its own: until it is retired it is counted on both`;
      findings.push(warning('own-binning', feature.name, text));
      continue;
    }
    const text = `${feature.name} is counted on another binning than events were so far: windows before it comes cannot be compared with it`;
    findings.push(warning('other-binning', feature.name, text));
  }
  const watched = features.filter(({ name, tier }) => counted.has(name) && tier !== 'ignore');
  for (const { name, tier } of watched) {
    if (own.has(name)) continue;
    const text = `${name} is counted in events, but not here: once this is active it is watched no longer`;
    findings.push(
      tier === 'critical'
        ? error('feature-lacking', name, `${text}, and it is critical`)
        : warning('feature-lacking', name, text),
    );
  }
  return findings;
}
