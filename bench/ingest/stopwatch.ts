import type { Reading } from './task.ts';

/** Wall and CPU time of this process from `start` on. */
export class Stopwatch {
  private since = 0;
  private used: NodeJS.CpuUsage | null = null;

  /** Again does nothing. */
  start(): void {
    if (this.used !== null) return;
    this.since = performance.now();
    this.used = process.cpuUsage();
  }

  /** @param share of what was done that counts: less than 1 when more was done than was asked for */
  stop(share = 1): Reading {
    if (this.used === null) throw new Error('the stopwatch was never started');
    const { user, system } = process.cpuUsage(this.used);
    return {
      ms: (performance.now() - this.since) * share,
      cpuMs: ((user + system) / 1_000) * share,
      megabytes: process.memoryUsage().rss / 1024 / 1024,
    };
  }
}
