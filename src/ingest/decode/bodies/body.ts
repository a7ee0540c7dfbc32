import type { FeatureRole } from '../../../core/domain/feature.ts';
import type { Table } from '../call.ts';
import type { JsonObject } from '../json-limits.ts';
import type { EventMapping } from '../../../config/types.ts';

/** Which side of a call a body is, when what carries it tells. */
export type Side = 'input' | 'prediction';

/** What a request or response body says. */
export interface Body {
  readonly tables: Readonly<Partial<Record<FeatureRole, Table>>>;
  /** What the body calls the model. */
  readonly model: string | null;
  readonly version: string | null;
  readonly id: string | null;
}

export interface BodyContext {
  /** null: nothing tells. */
  readonly side: Side | null;
  readonly mapping: EventMapping;
}

/** One shape of bodies in JSON. */
export interface BodyShape {
  readonly name: string;
  /** By the keys that only this shape has. */
  matches(body: JsonObject): boolean;
  /** @throws Rejected */
  read(body: JsonObject, context: BodyContext): Body;
}

/** A body of one side that says nothing but values. */
export function sideOnly(role: FeatureRole, table: Table): Body {
  return { tables: { [role]: table }, model: null, version: null, id: null };
}

/** Names of values that come by position. */
export interface Names {
  /** undefined: nobody says them. */
  readonly list: readonly string[] | undefined;
  /** Where they are said, or would be, for people. */
  readonly place: string;
}

/** Those that the configuration says. */
export function namesOf(mapping: EventMapping, role: FeatureRole): Names {
  const key = role === 'input' ? 'inputs' : role === 'prediction' ? 'predictions' : 'labels';
  return { list: mapping[key], place: `"mapping.${key}"` };
}
