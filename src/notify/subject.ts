import { isSystemMessage } from '../core/alerting/message.ts';
import type {
  DigestFault,
  DigestFeature,
  DigestMessage,
  Message,
} from '../core/alerting/message.ts';
import { formatEffect, formatShare, plural } from './format.ts';
import { printable } from './printable.ts';

/** Mail programs show about this much of a subject. */
const MAX_SUBJECT = 140;

/** "[critical] flights-late: 2 features drifted, worst temp (KS 0.93)" */
export function subjectOf(message: Message): string {
  const subject = isSystemMessage(message)
    ? `[${message.status === 'firing' ? message.severity : message.status}] driftd: ${printable(message.title)}`
    : digestSubject(message);
  return subject.length > MAX_SUBJECT
    ? `${subject.slice(0, MAX_SUBJECT - 1).toWellFormed()}…`
    : subject;
}

function digestSubject(message: DigestMessage): string {
  const active = message.features.filter(({ notice }) => notice !== 'resolved');
  const resolved = message.features.length - active.length;
  const label = active.length > 0 ? message.severity : 'resolved';
  const parts = newsOf(active, headline);
  if (resolved > 0) parts.push(`${plural(resolved, 'feature')} recovered`);
  if (active.length === 0 && message.stillFiring.length > 0)
    parts.push(`${String(message.stillFiring.length)} still drifting`);
  return `[${label}] ${printable(message.model)}: ${parts.join(', ')}`;
}

/**
 * What is new of active features: those that drifted, then those whose data is broken.
 * @param headline of the ones that drifted
 */
export function newsOf(
  active: readonly DigestFeature[],
  headline: (drifted: readonly DigestFeature[]) => string,
): string[] {
  const drifted = active.filter(({ cause }) => cause !== 'data');
  const broken = active.filter(({ cause }) => cause === 'data');
  const parts = drifted.length > 0 ? [headline(drifted)] : [];
  const [worst] = broken;
  if (worst === undefined) return parts;
  const fault = worst.faults?.[0];
  const which =
    drifted.length > 0
      ? ''
      : `, ${broken.length > 1 ? 'worst ' : ''}${nameOf(worst)}${fault === undefined ? '' : ` (${faultText(fault)})`}`;
  return [...parts, `${plural(broken.length, 'feature')} with faulty data${which}`];
}

/** "missing 40 %" */
function faultText({ check, value }: DigestFault): string {
  return check === 'absent' ? check : `${check} ${formatShare(value)}`;
}

function headline(active: readonly DigestFeature[]): string {
  const escalated = active.every(({ notice }) => notice === 'escalated');
  const again = active.every(({ notice }) => notice === 'repeat');
  const verb = escalated ? 'got worse' : again ? 'still drifting' : 'drifted';
  const what = `${plural(active.length, 'feature')} ${verb}`;
  const [worst] = active;
  if (worst === undefined) return what;
  const effect = effectText(worst);
  const name = `${active.length > 1 ? 'worst ' : ''}${nameOf(worst)}`;
  return `${what}, ${name}${effect === null ? '' : ` (${effect})`}`;
}

/** The feature, with its segment unless that is all events. */
export function nameOf(feature: DigestFeature): string {
  const name = printable(feature.feature);
  return feature.segment === 'all' ? name : `${name} [${printable(feature.segment)}]`;
}

/** "KS 0.93", or PSI when there is no KS; null: neither. */
function effectText({ ks, psi }: DigestFeature): string | null {
  if (ks !== null) return `KS ${formatEffect(ks.value)}`;
  return psi === null ? null : `PSI ${formatEffect(psi)}`;
}
