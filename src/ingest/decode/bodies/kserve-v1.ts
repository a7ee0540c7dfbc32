import { Rejected, isObject, own } from '../json-limits.ts';
import type { JsonObject } from '../json-limits.ts';
import { namesOf, sideOnly } from './body.ts';
import type { BodyShape } from './body.ts';
import { columnsTable, rowsTable } from './tables.ts';

const KEYS = [
  ['instances', 'input'],
  ['inputs', 'input'],
  ['predictions', 'prediction'],
  ['outputs', 'prediction'],
] as const;

/**
 * The V1 protocol of KServe and TensorFlow Serving: `instances` or `inputs` are asked, `predictions` or `outputs`
 * answered, as rows or as columns. MLflow's `instances`, `inputs` and `predictions` are the same.
 */
export const kserveV1: BodyShape = {
  name: 'kserve-v1',
  matches: (body) => KEYS.some(([key]) => own(body, key) !== undefined),
  read(body, { mapping }) {
    for (const [key, role] of KEYS) {
      const values = own(body, key);
      if (values === undefined) continue;
      if (Array.isArray(values)) {
        return sideOnly(role, rowsTable(values, namesOf(mapping, role), `"${key}"`));
      }
      if (isObject(values)) return sideOnly(role, columnsTable(values, `"${key}"`));
      break;
    }
    throw new Rejected('invalid-shape', `${quoted(body)} must be a list of rows, or columns`);
  },
};

function quoted(body: JsonObject): string {
  return `"${KEYS.find(([key]) => own(body, key) !== undefined)?.[0] ?? ''}"`;
}
