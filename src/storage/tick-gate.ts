/**
 * What lets a replayed stream be judged as it passes: with `clock: event` a checkpoint does not pass a due tick until
 * its evaluation is stored.
 */
export interface TickGate {
  /** First tick after `after` (ms since the epoch) of any event-clock monitor of the model; null: it has none. */
  nextDue(modelId: number, after: number): number | null;
  /** Have all event-clock monitors of the model dealt with their ticks up to and including `due`? */
  settled(modelId: number, due: number): Promise<boolean>;
}
