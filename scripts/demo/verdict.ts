import { isSystemMessage } from '../../src/core/alerting/message.ts';
import type { Message } from '../../src/core/alerting/message.ts';
import { MUST_FIRE, MUST_NOT_FIRE, STREAM_TO } from './expectations.ts';

/** When a feature was announced as drifting and until when: [from, to), ms since the epoch. */
export interface Incident {
  readonly feature: string;
  readonly from: number;
  readonly to: number;
}

/**
 * The incidents that the messages tell, by their beginning; one that was not resolved lasts to the end of the stream. What driftd
 * says about itself is none.
 */
export function incidentsOf(messages: readonly Message[]): Incident[] {
  const open = new Map<string, number>();
  const incidents: Incident[] = [];
  for (const message of messages) {
    if (isSystemMessage(message)) continue;
    for (const { feature, notice } of message.features) {
      const from = open.get(feature);
      if (notice === 'first' && from === undefined) open.set(feature, message.windowEnd);
      if (notice === 'resolved' && from !== undefined) {
        incidents.push({ feature, from, to: message.windowEnd });
        open.delete(feature);
      }
    }
  }
  for (const [feature, from] of open) incidents.push({ feature, from, to: STREAM_TO });
  return incidents.toSorted((one, other) => one.from - other.from);
}

/** Does an incident of the feature reach into the month (1-12) of 2013? */
export function firedIn(incidents: readonly Incident[], feature: string, month: number): boolean {
  const from = Date.UTC(2013, month - 1, 1);
  const to = Date.UTC(2013, month, 1);
  return incidents.some(
    (incident) => incident.feature === feature && incident.from < to && incident.to > from,
  );
}

/** What the incidents lack of the expectations, or have too much; one sentence each. */
export function faultsOf(incidents: readonly Incident[]): string[] {
  const faults: string[] = [];
  for (const [feature, months] of MUST_FIRE) {
    for (const month of months) {
      if (!firedIn(incidents, feature, month))
        faults.push(`${feature} was not announced in month ${month}`);
    }
  }
  for (const feature of MUST_NOT_FIRE) {
    const wrong = incidents.find((incident) => incident.feature === feature);
    if (wrong !== undefined) {
      faults.push(
        `${feature} was announced on ${new Date(wrong.from).toISOString().slice(0, 10)}, though nothing happened`,
      );
    }
  }
  return faults;
}
