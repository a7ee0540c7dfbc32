import { createBackoff } from '../../platform/backoff.ts';
import { sleep } from '../../platform/clock.ts';
import { toError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import type { ReaderHold } from '../../storage/ingest-store.ts';
import type { RecordConsumer, SourceControl } from '../event-source.ts';

const HOLD_POLL_MS = 1_000;

/** An assignment of nothing: there is nothing to steer. */
const NO_CONTROL: SourceControl = {
  seek: () => undefined,
  pause: () => undefined,
  resume: () => undefined,
  startOffsets: () => Promise.resolve(new Map<number, number>()),
  logRange: () => Promise.resolve({ start: 0, end: 0 }),
  committed: () => undefined,
};

/**
 * Reads while this process is the one that does; of the others each waits until that one is gone. What is thrown is
 * logged, and reading starts again after a while.
 * @param read reads until its signal comes; begins with `consumer.assigned`
 * @returns when `stopped` comes
 */
export async function readWhileHeld(
  { hold, log }: { readonly hold: ReaderHold; readonly log: Log },
  consumer: RecordConsumer,
  stopped: AbortSignal,
  read: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const backoff = createBackoff({ baseMs: 200, capMs: 10_000 });
  let told = false;
  for (let failures = 0; !stopped.aborted;) {
    try {
      const held = await hold.take(stopped);
      if (held === null) {
        if (!told) consumer.assigned([], NO_CONTROL);
        told = true;
        await sleep(HOLD_POLL_MS, stopped);
        continue;
      }
      told = false;
      try {
        await read(AbortSignal.any([stopped, held.lost]));
        failures = 0;
      } finally {
        consumer.assigned([], NO_CONTROL);
        await held.release();
      }
    } catch (thrown) {
      failures += 1;
      log.warn({ err: toError(thrown) }, 'the source cannot be read now');
      await sleep(backoff.delay(failures), stopped);
    }
  }
}
