import type { Log } from '../platform/log.ts';
import { toError } from '../platform/errors.ts';

/**
 * A stack of named stop steps. Whatever acquires something registers at once how to let it go; `stop` runs the steps in
 * reverse under one deadline, logs the step that failed, goes on with the rest, and may be called twice. A start that
 * fails half-way uses the same stack.
 */
export interface Lifecycle {
  /** Registers a step. After stop() has begun the step runs at once. */
  onStop(name: string, stop: () => Promise<void> | void): void;
  /**
   * Runs all steps, newest first. The deadline is for all together: a step still running then is abandoned, and the
   * steps below it still get a moment each.
   * @param deadlineMs for the whole stack
   * @throws AggregateError with one error per failed step, after all have run
   */
  stop(deadlineMs: number): Promise<void>;
}

/** What a step below an overrun gets at least, so that the pool is closed even when the consumer hangs. */
const GRACE_MS = 250;

export function createLifecycle(log: Log, monotonic: () => number): Lifecycle {
  const steps: { name: string; stop: () => Promise<void> | void }[] = [];
  let stopping: Promise<void> | null = null;

  async function runStep(
    name: string,
    stop: () => Promise<void> | void,
    limitMs: number,
  ): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const overrun = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`stopping ${name} took longer than ${limitMs} ms`));
      }, limitMs);
    });
    try {
      await Promise.race([Promise.resolve().then(stop), overrun]);
    } finally {
      clearTimeout(timer);
    }
  }

  async function stopAll(deadlineMs: number): Promise<void> {
    const end = monotonic() + deadlineMs;
    const errors: Error[] = [];
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
      const limit = Math.max(GRACE_MS, Math.round(end - monotonic()));
      try {
        await runStep(step.name, step.stop, limit);
        log.debug({ step: step.name }, 'stopped');
      } catch (thrown) {
        const error = toError(thrown);
        log.warn({ step: step.name, err: error }, 'stopping a part failed');
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'some parts did not stop cleanly');
  }

  return {
    onStop(name, stop) {
      steps.push({ name, stop });
      if (stopping !== null) stopping = stopping.then(() => stopAll(GRACE_MS));
    },
    stop(deadlineMs) {
      stopping ??= stopAll(deadlineMs);
      return stopping;
    },
  };
}
