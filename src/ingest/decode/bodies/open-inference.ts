import type { Table } from '../call.ts';
import { Rejected, isObject, own, shorten } from '../json-limits.ts';
import type { JsonObject } from '../json-limits.ts';
import { namesOf } from './body.ts';
import type { BodyShape } from './body.ts';

interface Tensor {
  readonly name: string;
  readonly rows: number;
  /** Values a row. */
  readonly width: number;
  readonly values: readonly unknown[];
}

/**
 * The Open Inference Protocol (V2): named tensors whose first dimension is the rows. `[n]` and `[n,1]` are one value a
 * row under the tensor's name; `[n,k]` are k values, by the names of the configuration or as `name[0]`, `name[1]`, ….
 */
export const openInference: BodyShape = {
  name: 'open-inference',
  matches: (body) => hasTensors(own(body, 'inputs')) || hasTensors(own(body, 'outputs')),
  read(body, { mapping }) {
    // A request may name the outputs it wants; only an answer has no inputs.
    const role = hasTensors(own(body, 'inputs')) ? 'input' : 'prediction';
    const list = own(body, role === 'input' ? 'inputs' : 'outputs') as readonly unknown[];
    return {
      tables: { [role]: tensorTable(list.map(readTensor), namesOf(mapping, role).list) },
      model: textOrNull(own(body, 'model_name')),
      version: textOrNull(own(body, 'model_version')),
      id: textOrNull(own(body, 'id')),
    };
  },
};

function hasTensors(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every(
      (tensor) =>
        isObject(tensor) &&
        typeof own(tensor, 'name') === 'string' &&
        (Array.isArray(own(tensor, 'shape')) || own(tensor, 'datatype') !== undefined),
    )
  );
}

function readTensor(tensor: unknown): Tensor {
  const fields = tensor as JsonObject;
  const name = own(fields, 'name') as string;
  const parameters = own(fields, 'parameters');
  if (isObject(parameters) && own(parameters, 'binary_data_size') !== undefined) {
    throw new Rejected(
      'unsupported-payload',
      `tensor "${shorten(name)}" is binary (binary_data_size); only JSON is read`,
    );
  }
  const shape = own(fields, 'shape');
  const data = own(fields, 'data');
  if (!Array.isArray(shape) || !shape.every(isSize) || !Array.isArray(data)) {
    throw new Rejected(
      'invalid-shape',
      `tensor "${shorten(name)}" must have a "shape" of whole numbers and "data"`,
    );
  }
  const sizes = shape as readonly number[];
  const rows = sizes[0] ?? 1;
  const width = sizes.slice(1).reduce((product, size) => product * size, 1);
  const values = sizes.length > 1 ? (data.flat(sizes.length - 1) as readonly unknown[]) : data;
  if (values.length !== rows * width) {
    throw new Rejected(
      'invalid-shape',
      `tensor "${shorten(name)}" has ${values.length} values, its shape says ${rows * width}`,
    );
  }
  return { name, rows, width, values };
}

function isSize(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function tensorTable(tensors: readonly Tensor[], names: readonly string[] | undefined): Table {
  const rows = tensors[0]?.rows ?? 0;
  if (tensors.some((tensor) => tensor.rows !== rows)) {
    throw new Rejected('invalid-shape', 'the tensors have not the same number of rows');
  }
  const only = tensors.length === 1 ? tensors[0] : undefined;
  const configured = only !== undefined && names?.length === only.width ? names : undefined;
  return {
    rows,
    lone: only?.width === 1 && configured === undefined,
    read(row, put) {
      for (const { name, width, values } of tensors) {
        for (let j = 0; j < width; j += 1) {
          const own = width === 1 ? name : `${name}[${j}]`;
          put(configured?.[j] ?? own, values[row * width + j]);
        }
      }
    },
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
