import { describe, expect, it } from 'vitest';
import { Watchdog } from '../../../src/ingest/kafka/watchdog.ts';

const KEY = { source: 'kafka', topic: 'predictions', partition: 0 };
const PATIENCE = 60_000;

/** A watchdog at time 0 that is told every 5 s where the log ends. */
function watch() {
  const clock = { time: 0 };
  const now = (): number => clock.time;
  const watchdog = new Watchdog({ now, monotonic: now }, PATIENCE);
  return {
    watchdog,
    clock,
    /** @returns whether the client is stuck at the end of these ms */
    pass(ms: number, end: number): boolean {
      let stuck = false;
      for (const until = clock.time + ms; clock.time < until;) {
        clock.time += 5_000;
        stuck = watchdog.stuck([{ key: KEY, end }]).length > 0;
      }
      return stuck;
    },
    silence(ms: number): void {
      clock.time += ms;
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

  it('barks for one partition while batches of others come', () => {
    const { watchdog, clock } = watch();
    const other = { ...KEY, partition: 1 };
    watchdog.moved(KEY, 10);
    const barked: unknown[] = [];
    for (let offset = 1; offset <= 13; offset += 1) {
      clock.time += 5_000;
      watchdog.moved(other, offset);
      barked.push(...watchdog.stuck([KEY, other].map((key) => ({ key, end: 1_000 }))));
    }
    expect(barked).toEqual([KEY]);
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
