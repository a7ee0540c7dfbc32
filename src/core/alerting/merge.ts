import type { DigestFeature, DigestMessage } from './message.ts';
import { seriesKey } from './worst.ts';

/**
 * One message of two about the same model, the second of which came while the first still waited for its group. What is
 * newer about a feature stands; a feature that opened and closed in between is told as closed.
 */
export function mergeDigests(earlier: DigestMessage, later: DigestMessage): DigestMessage {
  const features = new Map<string, DigestFeature>();
  for (const feature of [...earlier.features, ...later.features]) {
    const key = seriesKey(feature.feature, feature.segment);
    const before = features.get(key);
    // An alert that opened and then got worse is news still: nobody has heard of it yet.
    const unheard = before?.notice === 'first' && feature.notice === 'escalated';
    features.set(key, unheard ? { ...feature, notice: 'first' } : feature);
  }
  const all = [...features.values()];
  const active = all.filter(({ notice }) => notice !== 'resolved');
  const told = [...active, ...all.filter(({ notice }) => notice === 'resolved')];
  const stillFiring = new Map(
    [...earlier.stillFiring, ...later.stillFiring].map((feature) => [
      seriesKey(feature.feature, feature.segment),
      feature,
    ]),
  );
  for (const key of features.keys()) stillFiring.delete(key);
  const about = active.length > 0 ? active : all;
  return {
    ...later,
    monitor: joined(earlier.monitor, later.monitor),
    windowEnd: Math.max(earlier.windowEnd, later.windowEnd),
    severity: about.some(({ severity }) => severity === 'critical') ? 'critical' : 'warning',
    features: told,
    stillFiring: [...stillFiring.values()],
  };
}

function joined(a: string, b: string): string {
  return a.split(', ').includes(b) ? a : `${a}, ${b}`;
}
