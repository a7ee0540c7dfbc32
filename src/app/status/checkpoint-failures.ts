import type { StageHooks } from '../../expose/metrics/hooks.ts';
import type { Clock } from '../../platform/clock.ts';

/** Since when the database has refused checkpoints, from what the ingest stage tells. */
export interface CheckpointFailures {
  /** ms; 0: the last checkpoint was taken. */
  sinceMs(): number;
  /** The hooks of the ingest stage, listened to. */
  readonly heard: StageHooks['ingest'];
}

export function listenToCheckpoints(hooks: StageHooks['ingest'], clock: Clock): CheckpointFailures {
  const failingSince = new Map<string, number>();
  return {
    sinceMs: () => Math.max(0, ...[...failingSince.values()].map((at) => clock.monotonic() - at)),
    heard: {
      ...hooks,
      checkpoint(source, outcome, seconds) {
        hooks.checkpoint(source, outcome, seconds);
        if (outcome === 'committed' || outcome === 'fenced') failingSince.delete(source);
        else if (!failingSince.has(source)) failingSince.set(source, clock.monotonic());
      },
      released(partition) {
        // Whoever reads it now tells how it goes; the other partitions tell with their next checkpoint.
        hooks.released(partition);
        failingSince.clear();
      },
    },
  };
}
