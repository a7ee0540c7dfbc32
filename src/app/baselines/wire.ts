import type { DriftdConfig } from '../../config/types.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { JudgeDeps } from '../../compare/judge.ts';
import type { TickStore } from '../../storage/tick-store.ts';
import { createBaselineFolder } from './files.ts';
import { keepBaselines } from './keep.ts';
import { replayTopic } from './replay/replay.ts';
import { readInChild } from './reading/in-child.ts';
import { createBaselineDesk } from './service.ts';
import { createStrayWatch } from './stray-names.ts';
import type { BaselineDesk } from '../../expose/api/baselines/desk.ts';

interface Parts extends JudgeDeps {
  readonly config: DriftdConfig;
  readonly ticks: TickStore;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Baselines {
  /** Files are read in a process of their own: what they take is not taken from counting and serving. */
  readonly desk: BaselineDesk;
  /** Loads the folder's files, and tells of declared features that no active baseline has. */
  load(): Promise<void>;
  /** Checks them and stores nothing. @returns models whose file is not stored yet @throws DriftdError as `load` */
  check(): Promise<ReadonlySet<string>>;
  /** Looks for changed files, due activations and names as above from now on. @returns ends it */
  keep(): () => Promise<void>;
}

export function createBaselines({ log, ...parts }: Parts): Baselines {
  const desk = createBaselineDesk({
    ...parts,
    read: readInChild(),
    replay: replayTopic(parts.config, log),
  });
  const folder = createBaselineFolder(parts.config, desk, log);
  const lookAtNames = createStrayWatch(parts.config, parts, log);
  const after = async (work: Promise<void>): Promise<void> => {
    await work;
    await lookAtNames();
  };
  return {
    desk,
    load: () => after(folder.load()),
    check: () => folder.check(),
    keep: () => keepBaselines(parts.baselines, { look: () => after(folder.look()) }, log),
  };
}
