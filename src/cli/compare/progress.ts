import { SingleBar } from 'cli-progress';
import type { CliIo } from '../deps.ts';

/** A bar appears only for work that takes longer than a person notices. */
const SHOW_AFTER_MS = 700;
const STEPS = 1_000;

export interface Progress {
  /** @param share done so far, 0 to 1 */
  readonly update: (share: number) => void;
  readonly stop: () => void;
}

/** A progress bar on the error output, where a person is looking at it; else nothing. */
export function createProgress(io: CliIo): Progress {
  const isWatched = process.stderr.isTTY && (io.env['CI'] ?? '') === '';
  if (!isWatched) return { update: () => undefined, stop: () => undefined };
  const started = performance.now();
  let bar: SingleBar | null = null;
  return {
    update(share) {
      if (bar === null) {
        if (performance.now() - started < SHOW_AFTER_MS) return;
        bar = new SingleBar({
          format: 'reading [{bar}] {percentage} % · {eta_formatted} left',
          stream: process.stderr,
          clearOnComplete: true,
          hideCursor: true,
        });
        bar.start(STEPS, 0);
      }
      bar.update(Math.floor(Math.min(1, share) * STEPS));
    },
    stop() {
      bar?.stop();
    },
  };
}
