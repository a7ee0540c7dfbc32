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
  const told = [...active, ...all.filter(({ notice }) => notice === 'resolved')];
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
  return { ...merged, monitor: monitorsIn(merged).join(', ') };
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
