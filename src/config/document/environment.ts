export type Environment = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$\$\{|\$\{([^}]*)(?:\}|$)/g;
const INSIDE = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([\s\S]*))?$/;

export interface Substitution {
  readonly text: string;
  /** Names that are not set and have no default, and references that are none. */
  readonly problems: readonly string[];
}

/**
 * Puts environment variables into a value: `${NAME}`, or `${NAME:-default}` where the default counts when NAME is unset
 * or empty. `$${` stands for a literal `${`. null when the value has no reference.
 */
export function substitute(value: string, env: Environment): Substitution | null {
  if (!value.includes('${')) return null;
  const problems: string[] = [];
  const text = value.replaceAll(REFERENCE, (whole: string, inside: string | undefined) => {
    if (inside === undefined) return '${';
    const match = INSIDE.exec(inside);
    if (match === null || !whole.endsWith('}')) {
      problems.push(
        `${whole} is no reference to the environment, write it like \${NAME} or \${NAME:-default}`,
      );
      return '';
    }
    const name = match[1] as string;
    const fallback = match[2];
    const given = Object.hasOwn(env, name) ? env[name] : undefined;
    if (given !== undefined && (given !== '' || fallback === undefined)) return given;
    if (fallback !== undefined) return fallback;
    problems.push(
      `the environment variable ${name} is not set: set it, or give a default like \${${name}:-default}`,
    );
    return '';
  });
  return { text, problems };
}
