import { toError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import { repeat } from '../../platform/repeat.ts';
import type { BaselineStore } from '../../storage/baseline-store.ts';
import type { BaselineFolder } from './files.ts';

/** Files that have changed are looked for, and versions whose time has come are activated, this often. */
const EVERY_MS = 10_000;

/** Looks after baselines beside everything else. @returns ends it, after the look that is under way */
export function keepBaselines(
  baselines: Pick<BaselineStore, 'activateDue'>,
  folder: Pick<BaselineFolder, 'look'>,
  log: Log,
  everyMs: number = EVERY_MS,
): () => Promise<void> {
  async function look(): Promise<void> {
    try {
      for (const { modelId, version } of await baselines.activateDue()) {
        log.info({ modelId, version }, 'baseline activated as scheduled');
      }
    } catch (thrown) {
      log.warn({ err: toError(thrown) }, 'scheduled baselines could not be looked at');
    }
    await folder.look();
  }
  return repeat(look, everyMs);
}
