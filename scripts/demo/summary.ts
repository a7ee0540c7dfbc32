import { styleText } from 'node:util';
import { isSystemMessage } from '../../src/core/alerting/message.ts';
import type { Message } from '../../src/core/alerting/message.ts';
import { isoDay } from './story.ts';
import { faultsOf, incidentsOf } from './verdict.ts';

export interface SummaryInput {
  readonly published: number;
  readonly counted: number;
  readonly messages: readonly Message[];
  readonly sent: number;
  readonly received: number;
}

/** The end of the story, and whether everything came as expected. */
export function summarize(input: SummaryInput): {
  readonly ok: boolean;
  readonly lines: readonly string[];
} {
  const incidents = incidentsOf(input.messages);
  const checks: [boolean, string][] = [
    [
      input.counted === input.published && input.published > 0,
      `${input.counted} of ${input.published} published events counted`,
    ],
    [
      input.sent > 0 && input.sent === input.messages.length && input.received === input.sent,
      `${input.received} of ${input.messages.length} mails arrived`,
    ],
  ];
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
    ...input.messages
      .filter(isSystemMessage)
      .map(({ title, since }) => `    about itself: ${title}, since ${isoDay(since)}`),
    '',
    ...checks.map(
      ([ok, text]) => `  ${ok ? styleText('green', '✓') : styleText('red', '✗')} ${text}`,
    ),
  ];
  return { ok: checks.every(([ok]) => ok), lines };
}
