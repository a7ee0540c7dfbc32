import type { ModelSchema } from '../../../core/domain/event-frame.ts';
import { FEATURE_ROLES } from '../../../core/domain/feature.ts';
import type { FeatureRole } from '../../../core/domain/feature.ts';
import { findSchema, writeCall } from '../call.ts';
import type { Reading, Table } from '../call.ts';
import { attributeText } from '../fill.ts';
import { Rejected, isObject, own } from '../json-limits.ts';
import type { JsonObject } from '../json-limits.ts';
import type { EventMapping } from '../../../config/types.ts';
import type { Defaults } from './native-object.ts';

/** Does the configuration say how flat events are read? Nothing in their keys would. */
export function isFlat(mapping: EventMapping): boolean {
  return (
    mapping.model !== undefined ||
    mapping.name !== undefined ||
    mapping.time !== undefined ||
    mapping.features !== undefined
  );
}

/**
 * Is it flat though it could be native, having a model beside a prediction or label? It is, where the configuration makes
 * flat events likely, when features stand beside them: read as native they would be lost.
 */
export function speaksFlat(event: JsonObject, reading: Reading): boolean {
  const { mapping } = reading;
  if (!isFlat(mapping) || isObject(own(event, 'features'))) return false;
  try {
    const schema = findSchema([attributeText(at(event, mapping.name ?? 'model'))], reading);
    return FEATURE_ROLES.some((role) => valuesOf(event, schema, role, mapping).length > 0);
  } catch (thrown) {
    if (thrown instanceof Rejected) return false;
    throw thrown;
  }
}

/**
 * An event whose features stand side by side with everything else: `{"svc": "m", "at": "...", "temp": 3, "score": 0.2}`.
 * A feature is where `mapping` says, else under its own name. It speaks about a role when it has one feature of it; a
 * `prediction` or `label` that is no feature's name is what it is in a native event.
 * @throws Rejected
 */
export function readFlat(event: JsonObject, reading: Reading, defaults: Defaults): void {
  const { mapping, texts } = reading;
  const text = (path: string): string | null => attributeText(at(event, path));
  const names = [text(mapping.name ?? 'model'), ...defaults.names];
  const schema = findSchema(names, reading);
  const found = FEATURE_ROLES.map((role) => {
    const named = valuesOf(event, schema, role, mapping);
    const outcomes = named.length > 0 ? [] : outcomesOf(event, schema, role);
    return { role, values: [...named, ...outcomes], outcome: outcomes.length > 0 };
  }).filter(({ values }) => values.length > 0);
  const outcomes = found.filter(({ outcome }) => outcome).map(({ role }) => role);
  if (found.length === 0) found.push({ role: 'input', values: [], outcome: false });
  // Names that nobody counts are told with what there is: they do not make an event speak about its inputs.
  const unknown = mapping.features === undefined ? unknownOf(event, schema, mapping, outcomes) : [];
  found[0]?.values.push(...unknown.map((name) => [name, event[name]] as const));
  writeCall(
    {
      names,
      id: text(mapping.id ?? 'id') ?? defaults.id,
      version: text(mapping.version ?? 'version'),
      time: at(event, mapping.time ?? 'ts') ?? defaults.time,
      tables: Object.fromEntries(
        found.map(({ role, values }) => [role, tableOf(values, texts)] as const),
      ),
      attribute: (name) => at(event, mapping.attributes?.get(name) ?? name),
    },
    reading,
  );
}

type Named = readonly [name: string | null, value: unknown];

function tableOf(values: readonly Named[], texts: boolean): Table {
  return {
    rows: 1,
    texts,
    read(_, put) {
      for (const [name, value] of values) put(name, value);
    },
  };
}

/** What stands under `prediction` or `label`: values by name, or that of the only feature of the role. */
function outcomesOf(event: JsonObject, schema: ModelSchema, role: FeatureRole): Named[] {
  const value = role === 'input' || schema.indexOf.has(role) ? undefined : own(event, role);
  if (value === undefined) return [];
  if (isObject(value)) return Object.entries(value);
  return schema.features.filter((feature) => feature.role === role).length === 1
    ? [[null, value]]
    : [];
}

function valuesOf(
  event: JsonObject,
  schema: ModelSchema,
  role: FeatureRole,
  mapping: EventMapping,
): Named[] {
  const values: Named[] = [];
  for (const { name, role: its } of schema.features) {
    if (its !== role) continue;
    const value = at(event, mapping.features?.get(name) ?? name);
    if (value !== undefined) values.push([name, value]);
  }
  return values;
}

/** A name is taken as it stands before its dots are. */
function at(event: JsonObject, path: string): unknown {
  const direct = own(event, path);
  if (direct !== undefined || !path.includes('.')) return direct;
  let value: unknown = event;
  for (const key of path.split('.')) value = isObject(value) ? own(value, key) : undefined;
  return value;
}

/**
 * Names that are neither features nor anything the mapping reads: features that nobody counts.
 * @param outcomes what was read under `prediction` or `label`
 */
function unknownOf(
  event: JsonObject,
  schema: ModelSchema,
  mapping: EventMapping,
  outcomes: readonly FeatureRole[],
): string[] {
  const read = new Set<string>([
    ...outcomes,
    mapping.name ?? 'model',
    mapping.id ?? 'id',
    mapping.version ?? 'version',
    mapping.time ?? 'ts',
    ...(mapping.attributes?.values() ?? []),
    ...schema.attributes,
  ]);
  return Object.keys(event).filter(
    (name) => !schema.indexOf.has(name) && !read.has(name) && !isObject(event[name]),
  );
}
