import { styleText } from 'node:util';
import { isSystemMessage } from '../../src/core/alerting/message.ts';
import { deliveriesOf } from './deliveries.ts';
import type { Arrival } from './deliveries.ts';
import { isoDay } from './story.ts';
import { faultsOf, incidentsOf } from './verdict.ts';
import type { StoredMessage } from './watch.ts';

export interface SummaryInput {
  readonly published: number;
  readonly counted: number;
  readonly stored: readonly StoredMessage[];
  readonly mails: readonly Arrival[];
}

/** The end of the story, and whether everything came as expected. */
export function summarize(input: SummaryInput): {
  readonly ok: boolean;
  readonly lines: readonly string[];
} {
  const messages = input.stored.map(({ message }) => message);
  const sent = input.stored.filter(({ state }) => state === 'sent').length;
  const incidents = incidentsOf(messages);
  const { arrived, again, tests, strange } = deliveriesOf(
    input.stored.map(({ key }) => key),
    input.mails,
  );
  const checks: [boolean, string][] = [
    [
      input.counted === input.published && input.published > 0,
      `${input.counted} of ${input.published} published events counted`,
    ],
    [
      sent > 0 && sent === messages.length && arrived === sent,
      `${arrived} of ${messages.length} mails arrived${besides(again, tests)}`,
    ],
  ];
  for (const subject of strange) checks.push([false, `a mail that was never stored: ${subject}`]);
  const faults = faultsOf(incidents);
  if (faults.length === 0) {
    checks.push([
      true,
      'temp and score were announced when they drifted, nothing that only varied was',
    ]);
  }
  for (const fault of faults) checks.push([false, fault]);
  const lines = [
    '',
    styleText('bold', '  Announced'),
    ...incidents.map(
      ({ feature, from, to }) => `    ${feature.padEnd(12)} ${isoDay(from)} to ${isoDay(to)}`,
    ),
    ...messages
      .filter(isSystemMessage)
      .map(({ title, since }) => `    about itself: ${title}, since ${isoDay(since)}`),
    '',
    ...checks.map(
      ([ok, text]) => `  ${ok ? styleText('green', '✓') : styleText('red', '✗')} ${text}`,
    ),
  ];
  return { ok: checks.every(([ok]) => ok), lines };
}

/** Mails that are no fault, and no further message either. */
function besides(again: number, tests: number): string {
  const parts = [
    ...(again > 0 ? [`${again} sent again after an unclear answer`] : []),
    ...(tests > 0 ? [`${tests} of driftd send-test`] : []),
  ];
  return parts.length === 0 ? '' : `, and ${parts.join(', ')}`;
}
