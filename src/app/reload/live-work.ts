import { DriftdError } from '../../platform/errors.ts';
import type { TickGate } from '../../storage/tick-gate.ts';
import type { Work } from '../work.ts';

/** The work in force, which a reload puts another in place of. */
export interface LiveWork {
  /** That of the work in force: who holds it through a reload sees the new one. */
  readonly gate: TickGate;
  /** How long its scheduler has not ended a pass well, ms; 0 before there is one. */
  silentMs(): number;
  /**
   * Stops the work in force, changes what goes with it, and starts the next.
   * @throws DriftdError RELOAD_REFUSED when the process is stopping
   */
  replace(next: Work, change: () => void): Promise<void>;
  /** For good: what is being replaced meanwhile is not started. */
  stop(): Promise<void>;
}

export function createLiveWork(): LiveWork {
  let work: Work | null = null;
  let stopped = false;
  const inForce = (): Work => {
    if (work === null) throw new Error('no work is in force yet');
    return work;
  };
  return {
    gate: {
      nextDue: (modelId, after) => inForce().gate.nextDue(modelId, after),
      settled: (modelId, due) => inForce().gate.settled(modelId, due),
    },
    silentMs: () => work?.silentMs() ?? 0,
    async replace(next, change) {
      // What does not stop cleanly has told so in the log, and is no reason to stand still.
      if (!stopped) await work?.stop().catch(() => undefined);
      // Stopping takes a while: the process may have been told to end.
      if (stopped)
        throw new DriftdError('RELOAD_REFUSED', 'driftd is stopping: nothing is reloaded any more');
      change();
      work = next;
      next.start();
    },
    async stop() {
      stopped = true;
      await work?.stop();
    },
  };
}
