import type { DriftdConfig } from '../../config/types.ts';
import type { Reloader, ReloadResult } from '../../expose/api/operations/reload.ts';
import { DriftdError, EXIT, toError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import { changedSections, keysThatNeedRestart } from './changes.ts';

interface ReloaderParts {
  readonly current: () => DriftdConfig;
  /** Reads and checks the file. @throws DriftdError */
  readonly load: () => Promise<DriftdConfig>;
  /** Builds what the configuration asks for, whole, and puts it in place. @throws DriftdError: nothing has changed */
  readonly swap: (next: DriftdConfig) => Promise<void>;
  /** Was the last reload taken? */
  readonly tell: (successful: boolean) => void;
  readonly log: Log;
}

/** Reloads one at a time, in the order they were asked for. Whatever is wrong changes nothing, and is told. */
export function createReloader({ current, load, swap, tell, log }: ReloaderParts): Reloader {
  let last: Promise<unknown> = Promise.resolve();

  async function attempt(): Promise<ReloadResult> {
    try {
      const next = await load();
      const fixed = keysThatNeedRestart(current(), next);
      if (fixed.length > 0) {
        tell(false);
        const detail = `${fixed.join(', ')} cannot change while driftd runs: restart it, or take the change back; nothing was changed`;
        log.error({ keys: fixed }, `the configuration was not reloaded: ${detail}`);
        return { reloaded: false, reason: 'restart', detail };
      }
      const changed = changedSections(current(), next);
      if (changed.length > 0) await swap(next);
      tell(true);
      log.info({ changed }, 'the configuration was reloaded');
      return { reloaded: true, changed };
    } catch (thrown) {
      const error = toError(thrown);
      // A process that is starting or stopping says nothing about the file.
      const read = !(error instanceof DriftdError && error.code === 'RELOAD_REFUSED');
      if (read) tell(false);
      log.error({ err: error }, 'the configuration was not reloaded: nothing was changed');
      if (!(error instanceof DriftdError)) throw error;
      const invalid = error.exitCode === EXIT.invalidInput;
      return {
        reloaded: false,
        reason: invalid ? 'invalid' : 'unavailable',
        detail: error.message,
      };
    }
  }

  return {
    reload() {
      const mine = last.then(attempt);
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}
