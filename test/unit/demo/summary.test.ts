import { describe, expect, it } from 'vitest';
import type { Arrival } from '../../../scripts/demo/deliveries.ts';
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

interface Change {
  readonly published?: number;
  readonly counted?: number;
  /** This many were delivered; all by default. */
  readonly sent?: number;
  readonly received?: number;
  readonly more?: readonly Arrival[];
}

function mailOf(key: string | null, subject = 'drifted'): Arrival {
  return { key, subject };
}

function summary(messages: readonly Message[], change: Change = {}) {
  const { published = 10, counted = 10, sent = Infinity, received = Infinity, more = [] } = change;
  const stored = messages.map((message, i) => ({
    key: `key${i}`,
    state: i < sent ? 'sent' : 'pending',
    message,
  }));
  const mails = stored.filter((_, i) => i < received).map(({ key }) => mailOf(key));
  return summarize({ published, counted, stored, mails: [...mails, ...more] });
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
    ['a mail came that nothing stored tells of', GOOD, { more: [mailOf('other')] }],
    ['a mail is not driftd’s', GOOD, { more: [mailOf(null)] }],
    [
      'a mail came twice and another not at all',
      GOOD,
      { received: GOOD.length - 1, more: [mailOf('key0')] },
    ],
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

  it('counts a mail that was sent again once, and says so', () => {
    const { ok, lines } = summary(GOOD, { more: [mailOf('key0')] });
    expect(ok).toBe(true);
    expect(lines.join('\n')).toContain(
      `${GOOD.length} of ${GOOD.length} mails arrived, and 1 sent again after an unclear answer`,
    );
  });

  it('does not mind that somebody tries driftd send-test meanwhile', () => {
    const { ok, lines } = summary(GOOD, {
      more: [mailOf('test-1700000000000-0', '[test] driftd')],
    });
    expect(ok).toBe(true);
    expect(lines.join('\n')).toMatch(/mails arrived, and 1 of driftd send-test$/m);
  });

  it('names a mail that it cannot explain', () => {
    const { lines } = summary(GOOD, { more: [mailOf('other', 'Lunch?')] });
    expect(lines.join('\n')).toContain('a mail that was never stored: Lunch?');
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
