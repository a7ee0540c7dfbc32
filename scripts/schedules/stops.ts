/**
 * Where an owner can be stopped, in the order it comes by; the number is the step of the protocol in docs/reliability.md.
 */
export const POINTS = {
  create: 1,
  claim: 2,
  claimed: 2,
  identity: 3,
  custody: 4,
  count: 5,
  begin: 6,
  position: 6,
  rows: 6,
  commit: 6,
  outcome: 7,
} as const;
/** Only in schedules that lead there. */
export type Point = keyof typeof POINTS | 'halt' | 'between';

/** Stops one member at one point, once, until it is let go. */
export class Stops {
  private armed: Point | null = null;
  private arrived: (() => void) | null = null;
  private gate: Promise<void> = Promise.resolve();
  private open: () => void = () => undefined;

  /** The next time that the member comes to `point` it stops there. @returns resolves when it has */
  arm(point: Point): Promise<void> {
    this.armed = point;
    this.gate = new Promise((resolve) => {
      this.open = resolve;
    });
    return new Promise((resolve) => {
      this.arrived = resolve;
    });
  }

  /** Called by the member; waits when it is to stop here. */
  async at(point: Point): Promise<void> {
    if (this.armed !== point) return;
    this.armed = null;
    this.arrived?.();
    await this.gate;
  }

  letGo(): void {
    this.armed = null;
    this.open();
  }
}
