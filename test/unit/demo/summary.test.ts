import { describe, expect, it } from 'vitest';
import { summarize } from '../../../scripts/demo/summary.ts';
import { MUST_FIRE, STREAM_FROM, STREAM_TO } from '../../../scripts/demo/expectations.ts';
import type { DigestMessage, Message, SystemMessage } from '../../../src/core/alerting/message.ts';

/** A digest with one feature; what the summary does not read is left out. */
function digest(feature: string, notice: 'first' | 'resolved', windowEnd: number): DigestMessage {
  return { windowEnd, features: [{ feature, notice }] } as unknown as DigestMessage;
}

const STUCK: SystemMessage = {
  version: 1,
  kind: 'system',
  problem: 'ingest-stuck',
  about: 'kafka',
  status: 'firing',
  severity: 'critical',
  title: 'Nothing is read any more',
  sentences: [],
  facts: [],
  since: STREAM_FROM,
};

/** Every feature that must fire does, from the first day on, to the end of the stream. */
const GOOD: readonly Message[] = [...MUST_FIRE.keys()].map((feature) =>
  digest(feature, 'first', STREAM_FROM),
);

function summary(messages: readonly Message[], change: Partial<Record<string, number>> = {}) {
  const count = messages.length;
  return summarize({
    published: 10,
    counted: 10,
    messages,
    sent: count,
    received: count,
    ...change,
  });
}

describe('the summary of the demo', () => {
  it('is well when all is counted, announced and delivered', () => {
    expect(summary(GOOD).ok).toBe(true);
  });

  it.each([
    ['an event is not counted', GOOD, { counted: 9 }],
    ['nothing was published', GOOD, { published: 0, counted: 0 }],
    ['a mail did not arrive', GOOD, { received: GOOD.length - 1 }],
    ['a mail was not sent', GOOD, { sent: GOOD.length - 1, received: GOOD.length - 1 }],
    ['nobody was told anything', [], {}],
    [
      'a feature that only varies is announced',
      [...GOOD, digest('humid', 'first', STREAM_FROM)],
      {},
    ],
    [
      'a feature that drifts is silent from the second month on',
      [...GOOD, digest('temp', 'resolved', STREAM_FROM + 86_400_000)],
      {},
    ],
  ] as const)('is not when %s', (_, messages, change) => {
    expect(summary(messages, change).ok).toBe(false);
  });

  it('tells the incidents by their beginning', () => {
    const later = digest('pressure', 'first', STREAM_FROM + 86_400_000);
    const over = digest('pressure', 'resolved', STREAM_FROM + 2 * 86_400_000);
    const { lines } = summary([...GOOD, later, over]);
    const told = lines.flatMap((line) => /^ {4}(\w+) +\d{4}-/.exec(line)?.[1] ?? []);
    expect(told).toEqual([...MUST_FIRE.keys(), 'pressure']);
  });

  it('tells what driftd said about itself, beside the incidents', () => {
    const { ok, lines } = summary([...GOOD, STUCK]);
    expect(ok).toBe(true);
    expect(lines.join('\n')).toContain('about itself: Nothing is read any more, since 2013-02-01');
    expect(lines.join('\n')).toContain(new Date(STREAM_TO).toISOString().slice(0, 10));
  });
});
