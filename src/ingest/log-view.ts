import type { Clock } from '../platform/clock.ts';

/** An end of the log that was told longer ago says nothing about now. */
const STALE_MS = 30_000;
/** As long as it is no older than this, whoever is there has read everything there is. */
const FRESH_MS = 15_000;

/** Where a partition's log begins and ends, from what its source tells now and then. */
export class LogView {
  private readonly clock: Clock;
  private readonly perishable: boolean;
  private toldAt = -Infinity;
  private end: number | null = null;
  private start: number | null = null;
  /** Where reading stood when the end was last looked up. */
  private readTo: number | null = null;

  /** @param perishable what is told holds for a while; else the last word holds */
  constructor(clock: Clock, perishable: boolean) {
    this.clock = clock;
    this.perishable = perishable;
  }

  /** A batch came, with the end of the log as of its fetch. */
  passed(end: number): void {
    this.end = end;
    this.toldAt = this.clock.monotonic();
  }

  /**
   * The log was looked at.
   * @param start left out: not known
   * @param readTo the offset that is read next; null: none
   * @returns whether the log has lost what is to be read: it ends before where reading stood at the last look, or begins
   * behind where it stands
   */
  told(end: number, start: number | undefined, readTo: number | null): boolean {
    this.passed(end);
    this.start = start ?? null;
    // Compared with the look before: a batch may have come since this one was asked for.
    const short = this.readTo !== null && readTo !== null && end < this.readTo;
    const gone = readTo !== null && start !== undefined && start > readTo;
    this.readTo = readTo;
    return short || gone;
  }

  /** The partition is read from elsewhere now. */
  forget(): void {
    this.readTo = null;
  }

  /** Has retention taken this offset? */
  isGone(offset: number): boolean {
    return this.start !== null && offset < this.start;
  }

  /** Records behind the end of the log; null: not known now. */
  lag(position: number): number | null {
    return this.end === null || this.age() > STALE_MS ? null : Math.max(0, this.end - position);
  }

  isAtEnd(position: number): boolean {
    return this.end !== null && position >= this.end && this.age() <= FRESH_MS;
  }

  private age(): number {
    return this.perishable ? this.clock.monotonic() - this.toldAt : 0;
  }
}
