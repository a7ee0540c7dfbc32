/** One server for all projects of a run: the first project starts it, the last one out stops it. */

interface Shared {
  readonly starting: Promise<{ stop(): Promise<void> }>;
  users: number;
}

const REGISTRY = Symbol.for('driftd.test.servers');

function registry(): Map<string, Shared> {
  const holder = globalThis as { [REGISTRY]?: Map<string, Shared> };
  return (holder[REGISTRY] ??= new Map());
}

/** Returns the run's server of this name, starting it when this is the first call. */
export async function acquire<T extends { stop(): Promise<void> }>(
  name: string,
  start: () => Promise<T>,
): Promise<T> {
  const known = registry().get(name) ?? { starting: start(), users: 0 };
  registry().set(name, known);
  known.users += 1;
  return (await known.starting) as T;
}

/** Gives the server back; the last user stops it. */
export async function release(name: string): Promise<void> {
  const known = registry().get(name);
  if (known === undefined) return;
  known.users -= 1;
  if (known.users > 0) return;
  registry().delete(name);
  const server = await known.starting.catch(() => undefined);
  await server?.stop();
}
