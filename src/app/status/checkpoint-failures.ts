import type { StageHooks } from '../../expose/metrics/hooks.ts';
import type { Clock } from '../../platform/clock.ts';

/** Since when the database has refused checkpoints, from what the ingest stage tells. */
export interface CheckpointFailures {
  /** Of the partition that has waited longest, ms; 0: every partition's last checkpoint was taken. */
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
      checkpoint(partition, outcome, seconds) {
        hooks.checkpoint(partition, outcome, seconds);
        const name = nameOf(partition);
        if (outcome === 'committed' || outcome === 'fenced') failingSince.delete(name);
        else if (!failingSince.has(name)) failingSince.set(name, clock.monotonic());
      },
      released(partition) {
        // Whoever reads it now tells how it goes.
        hooks.released(partition);
        failingSince.delete(nameOf(partition));
      },
    },
  };
}

function nameOf({
  source,
  topic,
  partition,
}: Parameters<StageHooks['ingest']['released']>[0]): string {
  return `${source}/${topic}/${String(partition)}`;
}
