import { monitorOf, monitorsIn } from './message.ts';
import type { DigestFeature, DigestMessage } from './message.ts';
import { seriesKey } from './worst.ts';

/**
 * One message of two about the same model, the second of which came while the first still waited for its group. What is
 * newer about a feature stands; a feature that opened and closed in between is told as closed. Every monitor has an alert
 * of its own for a feature: what one of them says never stands for another's.
 * @param later of one monitor
 */
export function mergeDigests(earlier: DigestMessage, later: DigestMessage): DigestMessage {
  const features = new Map<string, DigestFeature>();
  for (const [message, feature] of [...entriesOf(earlier), ...entriesOf(later)]) {
    const key = keyOf(message, feature);
    const before = features.get(key);
    // An alert that opened and then got worse is news still: nobody has heard of it yet.
    const unheard = before?.notice === 'first' && feature.notice === 'escalated';
    const told = { ...feature, monitor: monitorOf(message, feature) };
    features.set(key, unheard ? { ...told, notice: 'first' } : told);
  }
  const all = [...features.values()];
  const active = all.filter(({ notice }) => notice !== 'resolved');
  const told = all.toSorted(compareEntries);
  const stillFiring = [
    ...earlier.stillFiring.map((feature) => named(earlier, feature)),
    ...later.stillFiring.map((feature) => named(later, feature)),
  ].filter(
    // What the monitor has just said of itself is all of it.
    (feature, i) => i >= earlier.stillFiring.length || feature.monitor !== later.monitor,
  );
  const about = active.length > 0 ? active : all;
  const merged: DigestMessage = {
    ...later,
    windowEnd: Math.max(earlier.windowEnd, later.windowEnd),
    severity: about.some(({ severity }) => severity === 'critical') ? 'critical' : 'warning',
    features: told,
    stillFiring: stillFiring.filter((feature) => !features.has(keyOf(later, feature))),
    links: [
      ...new Map([...earlier.links, ...later.links].map((link) => [link.url, link])).values(),
    ],
  };
  const speaking = new Set(monitorsIn(merged));
  const inOrder = new Set([...monitorsIn(earlier), ...monitorsIn(later)]);
  return { ...merged, monitor: [...inOrder].filter((name) => speaking.has(name)).join(', ') };
}

function entriesOf(message: DigestMessage): (readonly [DigestMessage, DigestFeature])[] {
  return message.features.map((feature) => [message, feature]);
}

function named(message: DigestMessage, feature: DigestFeature): DigestFeature {
  return { ...feature, monitor: monitorOf(message, feature) };
}

function keyOf(message: DigestMessage, feature: DigestFeature): string {
  return JSON.stringify([monitorOf(message, feature), seriesKey(feature.feature, feature.segment)]);
}

/** Firing before resolved, critical before warning, the greater effect first, then by name. */
export function compareEntries(a: DigestFeature, b: DigestFeature): number {
  const rank = ({ notice, severity }: DigestFeature): number =>
    (notice === 'resolved' ? 2 : 0) + (severity === 'critical' ? 0 : 1);
  const effect = ({ ks, psi }: DigestFeature): number => ks?.value ?? psi ?? 0;
  const bySize = rank(a) - rank(b) || effect(b) - effect(a);
  if (bySize !== 0) return bySize;
  const [nameA, nameB] = [seriesKey(a.feature, a.segment), seriesKey(b.feature, b.segment)];
  return nameA < nameB ? -1 : Number(nameA > nameB);
}
