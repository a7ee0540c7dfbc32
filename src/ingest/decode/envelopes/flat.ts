import type { ModelSchema } from '../../../core/domain/event-frame.ts';
import { FEATURE_ROLES } from '../../../core/domain/feature.ts';
import type { FeatureRole } from '../../../core/domain/feature.ts';
import { findSchema, writeCall } from '../call.ts';
import type { Reading, Table } from '../call.ts';
import { attributeText } from '../fill.ts';
import { isObject, own } from '../json-limits.ts';
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
 * An event whose features stand side by side with everything else: `{"svc": "m", "at": "...", "temp": 3, "score": 0.2}`.
 * A feature is where `mapping` says, else under its own name. It speaks about a role when it has one feature of it.
 * @throws Rejected
 */
export function readFlat(event: JsonObject, reading: Reading, defaults: Defaults): void {
  const { mapping, texts } = reading;
  const text = (path: string): string | null => attributeText(at(event, path));
  const names = [text(mapping.name ?? 'model'), ...defaults.names];
  const schema = findSchema(names, reading);
  const tables: Partial<Record<FeatureRole, Table>> = {};
  for (const role of FEATURE_ROLES) {
    const values = valuesOf(event, schema, role, mapping);
    if (values.length > 0) {
      tables[role] = {
        rows: 1,
        texts,
        read(_, put) {
          for (const [name, value] of values) put(name, value);
        },
      };
    }
  }
  const unknown = mapping.features === undefined ? unknownOf(event, schema, mapping) : [];
  if (unknown.length > 0 || Object.keys(tables).length === 0) {
    const inputs = tables.input;
    tables.input = {
      rows: 1,
      texts,
      read(row, put) {
        inputs?.read(row, put);
        for (const name of unknown) put(name, event[name]);
      },
    };
  }
  writeCall(
    {
      names,
      id: text(mapping.id ?? 'id') ?? defaults.id,
      version: text(mapping.version ?? 'version'),
      time: at(event, mapping.time ?? 'ts') ?? defaults.time,
      tables,
      attribute: (name) => at(event, mapping.attributes?.get(name) ?? name),
    },
    reading,
  );
}

function valuesOf(
  event: JsonObject,
  schema: ModelSchema,
  role: FeatureRole,
  mapping: EventMapping,
): (readonly [string, unknown])[] {
  const values: (readonly [string, unknown])[] = [];
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

/** Names that are neither features nor anything the mapping reads: features that nobody counts. */
function unknownOf(event: JsonObject, schema: ModelSchema, mapping: EventMapping): string[] {
  const read = new Set([
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
