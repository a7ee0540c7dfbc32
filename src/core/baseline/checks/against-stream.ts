import { observationTotal } from '../../histogram/histogram.ts';
import type { Baseline } from '../types.ts';
import { warning } from './finding.ts';
import type { Finding } from './finding.ts';

/** What was counted of one feature in the last day of the stream. */
export interface StreamFeature {
  readonly events: number;
  readonly missing: number;
  readonly invalid: number;
}

/** What the last day of the stream brings beside what is counted. */
export interface StreamBeside {
  /** `lastSeen`: in RFC 3339. */
  readonly names: readonly { readonly name: string; readonly lastSeen: string }[];
  /** The names are all there are; false: there were too many to keep. */
  readonly complete: boolean;
  /** Events of the model so far. */
  readonly events: number;
  /** Names that are no features, by whoever declared or uploads. */
  readonly ignored: ReadonlySet<string>;
}

/** Fewer events tell nothing. */
export const MIN_EVENTS = 200;
/** Shares that differ by more are told. */
const TOLERATED_MISSING = 0.1;
const TOLERATED_INVALID = 0.05;
/** A feature that the rows lack this often may be lacking in events, too. */
const MOSTLY_MISSING = 0.5;

/**
 * Holds a baseline against the live stream itself: features that events never bring, or bring far less often, or as
 * values of another kind. The first day after activation would tell the same by alerts.
 * @param stream by feature; those that are not counted yet are not in it
 * @param attributes that events are sliced by: a column of the rows by such a name is a feature, too
 */
export function checkAgainstStream(
  baseline: Baseline,
  stream: ReadonlyMap<string, StreamFeature>,
  attributes: readonly string[] = [],
): Finding[] {
  return baseline.features.flatMap(({ name, histogram }) => {
    const live = stream.get(name);
    const rows = observationTotal(histogram);
    if (live === undefined || live.events < MIN_EVENTS || rows === 0) return [];
    const missing = { rows: histogram.missing / rows, live: live.missing / live.events };
    const invalid = { rows: histogram.invalid / rows, live: live.invalid / live.events };
    if (missing.live === 1 && missing.rows < MOSTLY_MISSING) {
      const text = attributes.includes(name)
        ? `${name} is a feature in none of the last ${live.events} events, which are sliced by it as an attribute: ignore it (segments stay), or have it sent under "features", too`
        : `${name} is in none of the last ${live.events} events: ignore it, or have it sent`;
      return [warning('stream-lacks', name, text)];
    }
    const findings: Finding[] = [];
    if (Math.abs(missing.live - missing.rows) > TOLERATED_MISSING) {
      const text = `${name} is missing in ${percent(missing.rows)} of the rows, but in ${percent(missing.live)} of the last ${live.events} events`;
      findings.push(warning('stream-missing', name, text));
    }
    if (invalid.live - invalid.rows > TOLERATED_INVALID) {
      const text = `${name} has no ${histogram.kind} value in ${percent(invalid.live)} of the last ${live.events} events, in rows in ${percent(invalid.rows)}: mend the events, or declare its kind`;
      findings.push(warning('stream-invalid', name, text));
    }
    return findings;
  });
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
