import { describe, expect, it } from 'vitest';
import { Watchdog } from '../../../src/ingest/kafka/watchdog.ts';

const KEY = { source: 'kafka', topic: 'predictions', partition: 0 };
const PATIENCE = 60_000;

/** A watchdog at time 0 that is told every 5 s where the log ends. */
function watch() {
  let time = 0;
  const watchdog = new Watchdog({ now: () => time, monotonic: () => time }, PATIENCE);
  return {
    watchdog,
    /** @returns whether the client is stuck at the end of these ms */
    pass(ms: number, end: number): boolean {
      let stuck = false;
      for (const until = time + ms; time < until;) {
        time += 5_000;
        stuck = watchdog.isStuck([{ key: KEY, end }]);
      }
      return stuck;
    },
    silence(ms: number): void {
      time += ms;
    },
  };
}

describe('the watchdog of the Kafka client', () => {
  it('barks when records wait and none comes', () => {
    const { watchdog, pass } = watch();
    watchdog.moved(KEY, 10);
    expect(pass(60_000, 20)).toBe(false);
    expect(pass(5_000, 20)).toBe(true);
  });

  it('does not bark when there is nothing to read', () => {
    const { watchdog, pass } = watch();
    watchdog.moved(KEY, 20);
    expect(pass(600_000, 20)).toBe(false);
  });

  it('does not bark while the partition is paused, nor at once when it is resumed', () => {
    const { watchdog, pass } = watch();
    watchdog.moved(KEY, 10);
    watchdog.pause(KEY);
    expect(pass(600_000, 20)).toBe(false);
    watchdog.resume(KEY);
    expect(pass(60_000, 20)).toBe(false);
    expect(pass(5_000, 20)).toBe(true);
  });

  it('does not bark while batches come, however far behind', () => {
    const { watchdog, pass } = watch();
    for (let offset = 0; offset < 50; offset += 1) {
      watchdog.moved(KEY, offset);
      expect(pass(30_000, 1_000)).toBe(false);
    }
  });

  it('does not bark when the brokers come back', () => {
    const { watchdog, pass, silence } = watch();
    watchdog.moved(KEY, 10);
    silence(600_000);
    watchdog.excuse();
    expect(pass(60_000, 20)).toBe(false);
  });

  it('waits anew after a new assignment', () => {
    const { watchdog, pass } = watch();
    watchdog.moved(KEY, 10);
    expect(pass(60_000, 20)).toBe(false);
    watchdog.reset();
    expect(pass(600_000, 20)).toBe(false);
  });
});
