import { shownName, shownNames } from '../../domain/shown-name.ts';
import type { Baseline } from '../types.ts';
import type { CheckContext } from './against-model.ts';
import { MIN_EVENTS } from './against-stream.ts';
import type { StreamBeside } from './against-stream.ts';
import { warning } from './finding.ts';
import type { Finding } from './finding.ts';

/** Features that are told of one by one; of more, their number and the first few. */
const MAX_TOLD = 20;
const MAX_NAMED = 5;

/**
 * Features that the stream brings and the baseline lacks: those that nobody counts, by their names, and those that are
 * counted for other versions. What the active version has and this one lacks is told by `checkAgainstModel`. Before the
 * first version nothing is counted: then the names tell the reverse, too.
 */
export function checkStreamNames(baseline: Baseline, context: CheckContext): Finding[] {
  const { active, stream = new Map(), beside } = context;
  const has = new Set(baseline.features.map(({ name }) => name));
  // A prediction or label that comes without a name goes by its role.
  const roles = new Set<string>(baseline.features.map(({ role }) => role));
  roles.delete('input');
  const lacks = (name: string): boolean =>
    !has.has(name) &&
    !roles.has(name) &&
    beside?.ignored.has(name) !== true &&
    active?.features.some((feature) => feature.name === name) !== true;
  const sent = new Map<string, string>();
  for (const { name, lastSeen } of beside?.names ?? [])
    if (lacks(name)) sent.set(name, `last seen ${lastSeen}`);
  for (const [name, { events, missing }] of stream)
    if (events >= MIN_EVENTS && missing < events && lacks(name))
      sent.set(name, `in ${events - missing} of the last ${events} events`);
  return [...sends(sent), ...(beside === undefined ? [] : lacksAtFirst(baseline, context, beside))];
}

function sends(sent: ReadonlyMap<string, string>): Finding[] {
  const names = [...sent.keys()];
  const findings = names.slice(0, MAX_TOLD).map((name) => {
    const text = `the stream sends ${shownName(name)} (${sent.get(name) ?? ''}), the baseline lacks it: it is not watched; add it, or ignore it`;
    return warning('stream-sends', name, text);
  });
  const others = names.slice(MAX_TOLD);
  if (others.length === 0) return findings;
  const text = `the stream sends ${others.length} features more that the baseline lacks: ${shownNames(others, MAX_NAMED)}`;
  return [...findings, warning('stream-sends', null, text)];
}

/** Nothing of the model is counted yet, so every name that events bring is among the names. */
function lacksAtFirst(
  { features }: Baseline,
  { active, stream }: CheckContext,
  { names, complete, events }: StreamBeside,
): Finding[] {
  const counted = active !== null || (stream !== undefined && stream.size > 0);
  if (counted || !complete || names.length === 0 || events < MIN_EVENTS) return [];
  const sent = new Set(names.map(({ name }) => name));
  return features.flatMap(({ name, role }) => {
    // Predictions and labels may come later, or under no name.
    if (role !== 'input' || sent.has(name)) return [];
    const text = `${name} is in none of the events that were looked at so far: ignore it, or have it sent`;
    return [warning('stream-lacks', name, text)];
  });
}
