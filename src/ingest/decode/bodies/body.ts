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

/** The configured names of values that come by position. */
export function namesOf(mapping: EventMapping, role: FeatureRole): readonly string[] | undefined {
  if (role === 'input') return mapping.inputs;
  return role === 'prediction' ? mapping.predictions : mapping.labels;
}
