export interface MonitorRow {
  readonly id: number;
  readonly name: string;
  readonly modelId: number;
  /** Ticks at or before this instant are not due, ms since the epoch on the monitor's clock. */
  readonly scheduledFrom: number | null;
}

export interface TickClaim {
  readonly monitorId: number;
  readonly due: number;
  readonly epoch: number;
}

/** Ticks with lease and epoch: one replica runs each, a frozen one is fenced. All leases on the database's clock. */
export interface TickStore {
  ensureMonitor(name: string, modelId: number): Promise<MonitorRow>;
  /** The monitor of this name; null: it has never run here. */
  findMonitor(name: string): Promise<MonitorRow | null>;
  setScheduledFrom(monitorId: number, at: number): Promise<void>;
  /** Newest tick that is done or missed, or null. */
  lastSettled(monitorId: number): Promise<number | null>;
  /** Inserts the tick, or takes it over when its lease has run out; null when another replica has it or it is settled. */
  claim(monitorId: number, due: number, owner: string, leaseMs: number): Promise<TickClaim | null>;
  /** false when the claim was lost meanwhile. */
  extend(claim: TickClaim, leaseMs: number): Promise<boolean>;
  /** Gives the lease up, so that another replica (or the next pass) may take the tick at once. */
  release(claim: TickClaim): Promise<void>;
  markMissed(monitorId: number, due: readonly number[]): Promise<void>;
  settled(monitorId: number, due: number): Promise<boolean>;
  /** The database's clock, ms since the epoch. */
  now(): Promise<number>;
}
