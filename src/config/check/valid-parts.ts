import type { z } from 'zod';

import { receiver, route, smtp } from '../spec/delivery.ts';
import { model, monitor } from '../spec/monitoring.ts';
import { heartbeat, maintenance, notify } from '../spec/notify.ts';
import { http, postgres } from '../spec/services.ts';
import { httpSource, ingest, kafka, replay, retention } from '../spec/sources.ts';
import { valueAt } from '../document/explain.ts';
import type { Path } from '../document/problems.ts';

export interface Entry<T> {
  /** Index in the list of the file. */
  readonly index: number;
  readonly value: T;
}

/**
 * The parts of a file that follow the spec, though others may not: what is checked across sections is checked on them,
 * so that one run tells every mistake.
 */
export interface ValidParts {
  readonly kafka: z.output<typeof kafka> | null;
  readonly replay: z.output<typeof replay> | null;
  readonly httpSource: z.output<typeof httpSource> | null;
  readonly ingest: z.output<typeof ingest> | null;
  readonly retention: z.output<typeof retention> | null;
  readonly postgres: z.output<typeof postgres> | null;
  readonly http: z.output<typeof http> | null;
  readonly smtp: z.output<typeof smtp> | null;
  readonly notify: z.output<typeof notify> | null;
  readonly heartbeat: z.output<typeof heartbeat> | null;
  readonly maintenance: readonly Entry<z.output<typeof maintenance>>[];
  readonly models: readonly Entry<z.output<typeof model>>[];
  readonly monitors: readonly Entry<z.output<typeof monitor>>[];
  readonly receivers: readonly Entry<z.output<typeof receiver>>[];
  readonly routes: readonly Entry<z.output<typeof route>>[];
  /** Every name that is written, also of entries that are wrong elsewhere. */
  readonly modelNames: readonly string[];
  readonly receiverNames: readonly string[];
  /** Is there anything at this path, valid or not? */
  has(path: Path): boolean;
}

export function validParts(data: unknown): ValidParts {
  return {
    kafka: section(kafka, data, 'kafka'),
    replay: section(replay, data, 'replay'),
    httpSource: section(httpSource, data, 'http_source'),
    ingest: section(ingest, data, 'ingest'),
    retention: section(retention, data, 'retention'),
    postgres: section(postgres, data, 'postgres'),
    http: section(http, data, 'http'),
    smtp: section(smtp, data, 'smtp'),
    notify: section(notify, data, 'notify'),
    heartbeat: heartbeatOf(data),
    maintenance: entries(maintenance, data, 'maintenance'),
    models: entries(model, data, 'models'),
    monitors: entries(monitor, data, 'monitors'),
    receivers: entries(receiver, data, 'receivers'),
    routes: entries(route, data, 'routes'),
    modelNames: names(data, 'models'),
    receiverNames: names(data, 'receivers'),
    has: (path) => valueAt(data, path) !== undefined,
  };
}

/** Every key of it is optional to the spec: only what is written counts. */
function heartbeatOf(data: unknown): ValidParts['heartbeat'] {
  return valueAt(data, ['heartbeat']) === undefined ? null : section(heartbeat, data, 'heartbeat');
}

function section<S extends z.ZodType>(spec: S, data: unknown, key: string): z.output<S> | null {
  return salvage(spec, valueAt(data, [key]));
}

function entries<S extends z.ZodType>(spec: S, data: unknown, key: string): Entry<z.output<S>>[] {
  const list = valueAt(data, [key]);
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown, index) => {
    const value = salvage(spec, item);
    return value === null ? [] : [{ index, value }];
  });
}

/** The value without what breaks the spec (defaults stand in), or null when what is left is not enough. */
function salvage<S extends z.ZodType>(spec: S, value: unknown): z.output<S> | null {
  let left = value;
  for (let round = 0; round < 4; round++) {
    const result = spec.safeParse(left);
    if (result.success) return result.data;
    left = structuredClone(left);
    for (const issue of result.error.issues) {
      const path = issue.path.filter((step) => typeof step !== 'symbol');
      if (issue.code === 'unrecognized_keys')
        issue.keys.forEach((key) => cut(left, [...path, key]));
      else cut(left, path);
    }
  }
  return null;
}

/** Takes the value at a path away; of a list the whole, so that the other indexes keep their meaning. */
function cut(data: unknown, path: Path): void {
  const last = path.at(-1);
  const parent = valueAt(data, path.slice(0, -1));
  if (last === undefined || typeof parent !== 'object' || parent === null) return;
  if (Array.isArray(parent)) cut(data, path.slice(0, -1));
  else delete (parent as Record<string | number, unknown>)[last];
}

function names(data: unknown, key: string): string[] {
  const list = valueAt(data, [key]);
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown) => {
    const value = valueAt(item, ['name']);
    return typeof value === 'string' ? [value] : [];
  });
}
