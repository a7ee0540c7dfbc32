import type { Matcher, Mute } from '../core/alerting/mute.ts';

/** What people and earlier messages say about a monitor's alerts: read before it is decided who is told what. */
export interface DeskState {
  /** Silences that hold now, on the database's clock. */
  readonly silences: readonly Mute[];
  /** When each receiver was last told, on the monitor's clock; ms. */
  readonly told: ReadonlyMap<string, number>;
  /** Features (by `seriesKey`) whose open incident somebody has taken on. */
  readonly acknowledged: ReadonlySet<string>;
  /** None of the partitions that the model's events come from is counted any more: what the windows say is old. */
  readonly sourcesDead: boolean;
}

export interface AlertDesk {
  /** @param endless the model's events never end: a partition that is not read for a minute is dead, not done */
  read(monitorId: number, endless: boolean): Promise<DeskState>;
}

export interface Silence extends Mute {
  readonly id: number;
  readonly author: string;
  /** ms since the epoch. */
  readonly startsAt: number;
  readonly endsAt: number;
  readonly createdAt: number;
  /** Who ended it before its time; null: nobody. */
  readonly expiredBy: string | null;
}

export interface SilenceWrite {
  readonly matchers: readonly Matcher[];
  readonly author: string;
  readonly reason: string;
  /** ms; null: now. */
  readonly startsAt: number | null;
  readonly durationMs: number;
}

/** A feature's alert as people see it. */
export interface AlertEntry {
  readonly monitor: string;
  readonly model: string;
  readonly feature: string;
  readonly segment: string;
  readonly state: string;
  readonly severity: string | null;
  readonly incident: number;
  readonly flaps: number;
  readonly since: number | null;
  readonly acknowledgedBy: string | null;
}

/** What people do about alerts. */
export interface AlertActions {
  addSilence(silence: SilenceWrite): Promise<Silence>;
  /** Those that hold now or later; `all`: those of the past, too. */
  listSilences(all: boolean): Promise<Silence[]>;
  /** Ends a silence now. @returns false: there is none of this id that still holds */
  expireSilence(id: number, by: string): Promise<boolean>;
  /** Alerts that are pending or firing. */
  listAlerts(): Promise<AlertEntry[]>;
  /** Takes the open incidents of a model's feature on: no repeats. @returns how many */
  acknowledge(of: AcknowledgeWrite): Promise<number>;
}

export interface AcknowledgeWrite {
  readonly model: string;
  readonly feature: string;
  /** null: in every segment. */
  readonly segment: string | null;
  readonly by: string;
  readonly note: string;
}
