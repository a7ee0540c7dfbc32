import { DriftdError } from '../../platform/errors.ts';
import type { ErrorCode } from '../../platform/errors.ts';

/** Keys and indexes from the top of the file down to a value. */
export type Path = readonly (string | number)[];

export interface Place {
  /** 1-based. */
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong with a configuration file, and the way out. */
export interface Problem {
  readonly code: ErrorCode;
  readonly place: Place;
  readonly path: Path;
  readonly message: string;
}

/** `monitors[0].schedule`; keys that are no plain words are quoted: `models[0].features["a b"]`. */
export function renderPath(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (!/^[A-Za-z_][\w-]*$/.test(step)) text += `[${JSON.stringify(step)}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

/** A configuration file with mistakes: the message says them all, one a line, in the order of the file. */
export class ConfigError extends DriftdError {
  readonly file: string;
  readonly problems: readonly Problem[];

  constructor(file: string, problems: readonly Problem[]) {
    const sorted = problems.toSorted(
      (a, b) => a.place.line - b.place.line || a.place.column - b.place.column,
    );
    const codes = new Set(sorted.map((problem) => problem.code));
    const only = codes.size === 1 ? sorted[0]?.code : undefined;
    super(
      only ?? 'CONFIG_INVALID',
      sorted.map((problem) => renderProblem(file, problem)).join('\n'),
    );
    this.name = 'ConfigError';
    this.file = file;
    this.problems = sorted;
  }
}

/** `config/driftd.yaml:12:5 monitors[0].schedule: what is wrong, write it like ...` */
function renderProblem(file: string, { place, path, message }: Problem): string {
  const where = `${file}:${place.line}:${place.column}`;
  return path.length === 0 ? `${where} ${message}` : `${where} ${renderPath(path)}: ${message}`;
}
