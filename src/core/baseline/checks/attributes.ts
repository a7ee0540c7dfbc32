import { shownName } from '../../domain/shown-name.ts';
import { MIN_SEGMENT_ROWS } from '../sampler.ts';
import { warning } from './finding.ts';
import type { Finding } from './finding.ts';

/** What the rows hold of an attribute that events are sliced by. */
export interface AttributeValues {
  readonly attribute: string;
  /** Distinct values of it in the rows. */
  readonly values: number;
  /** Of these, those with too few rows for a baseline of their own. */
  readonly few: number;
  /** Those with enough rows, but beyond the segments that a baseline keeps. */
  readonly beyond: number;
}

/**
 * @param rowsOf rows of each segment, `origin=JFK`
 * @param kept segments that get a baseline of their own
 */
export function attributeValues(
  attributes: readonly string[],
  rowsOf: ReadonlyMap<string, number>,
  kept: ReadonlySet<string>,
): AttributeValues[] {
  return attributes.map((attribute) => {
    const own = [...rowsOf].filter(([segment]) => segment.startsWith(`${attribute}=`));
    const few = own.filter(([, rows]) => rows < MIN_SEGMENT_ROWS).length;
    const baselines = own.filter(([segment]) => kept.has(segment)).length;
    return { attribute, values: own.length, few, beyond: own.length - few - baselines };
  });
}

/** Values that are sliced apart in events, and will never be judged apart: no verdict would say why. */
export function checkAttributes(told: readonly AttributeValues[]): Finding[] {
  return told.flatMap(({ attribute, values, few, beyond }) => {
    const name = shownName(attribute);
    if (values === 0) {
      const text = `no row has ${name}, which events are sliced by, and none of its values gets a baseline of its own: apart from all others they are not judged`;
      return [warning('segments-lacking', null, text)];
    }
    const lacks = (count: number, why: string): Finding => {
      const [get, their, they] =
        count === 1 ? ['gets', 'its', 'it is'] : ['get', 'their', 'they are'];
      const text = `${count} of ${values} values of ${name} ${get} no baseline of ${their} own, ${why}: apart from all others ${they} not judged`;
      return warning('segments-lacking', null, text);
    };
    const rows = MIN_SEGMENT_ROWS.toLocaleString('en');
    return [
      ...(few === 0 ? [] : [lacks(few, `having fewer than ${rows} rows`)]),
      ...(beyond === 0 ? [] : [lacks(beyond, 'being beyond the segments that one keeps')]),
    ];
  });
}
