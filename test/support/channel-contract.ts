import { afterEach, describe, expect, it } from 'vitest';
import type { Notification, Notifier } from '../../src/notify/notifier.ts';
import { digest, digestFeature, WINDOW_END } from './digests.ts';

/** How the other side behaves while a message is offered. */
export type FarSide =
  'accepts' | 'refuses for now' | 'refuses for good' | 'hangs' | 'is gone' | 'breaks off';

export interface ReceivedMessage {
  readonly recipient: string;
  /** Everything that came, headers and all. */
  readonly raw: string;
  /** What tells duplicates apart. */
  readonly key: string;
}

/** A channel with a far side of its own. `notifier` gives up on a silent far side within about a second. */
export interface ChannelUnderTest {
  readonly notifier: Notifier;
  /** A recipient that the far side knows. */
  readonly recipient: string;
  readonly received: () => readonly ReceivedMessage[];
  stop(): Promise<void>;
}

const HOSTILE = [
  '<img src=x onerror=alert(1)>"\'<script>alert(1)</script>',
  'name\r\nBcc: victim@example.com\r\n\r\nbody',
  '{{7*7}}${7*7}<%= 7*7 %>',
  '=HYPERLINK("http://evil.example","x")',
  '\u202Egnp.exe\u2066\u0000\u0007\u001b[31m',
  '\uD800 half a pair',
  'x'.repeat(5_000),
];

/** What every channel promises, whatever it speaks. */
export function channelContract(
  name: string,
  start: (farSide: FarSide) => Promise<ChannelUnderTest>,
): void {
  describe(`the channel ${name}`, () => {
    const stops: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const stop of stops.splice(0)) await stop();
    });
    const started = async (farSide: FarSide): Promise<ChannelUnderTest> => {
      const channel = await start(farSide);
      stops.push(() => channel.stop());
      return channel;
    };
    const notification = (
      { recipient }: ChannelUnderTest,
      change: Partial<Notification> = {},
    ): Notification => ({
      dedupKey: 'a1b2c3',
      recipient,
      reason: 'first',
      createdAt: WINDOW_END,
      message: digest(),
      ...change,
    });

    it('has a name', async () => {
      expect((await started('accepts')).notifier.channel).toBe(name);
    });

    it('sends one message to one recipient', async () => {
      const channel = await started('accepts');
      expect(await channel.notifier.send(notification(channel))).toEqual({ outcome: 'sent' });
      expect(channel.received()).toHaveLength(1);
      expect(channel.received()[0]?.recipient).toBe(channel.recipient);
    });

    it('carries the dedup key, the same on every attempt', async () => {
      const channel = await started('accepts');
      for (const dedupKey of ['a1', 'a1', 'b2'])
        await channel.notifier.send(notification(channel, { dedupKey }));
      const keys = channel.received().map(({ key }) => key);
      expect(keys).toHaveLength(3);
      expect(keys[0]).toBe(keys[1]);
      expect(keys[0]).not.toBe(keys[2]);
      expect(keys[0]).toContain('a1');
    });

    it.each<[FarSide, 'retry' | 'permanent']>([
      ['refuses for now', 'retry'],
      ['refuses for good', 'permanent'],
      ['is gone', 'retry'],
      ['breaks off', 'retry'],
      ['hangs', 'retry'],
    ])('to a far side that %s is to be: %s', async (farSide, outcome) => {
      const channel = await started(farSide);
      expect(await channel.notifier.send(notification(channel))).toMatchObject({
        outcome,
        error: expect.stringMatching(/^[^\p{Cc}]{3,300}$/u) as unknown,
      });
    });

    it.each([null, 'text', 7, [], {}, { version: 2 }])(
      'gives up a message it cannot read: %j',
      async (message) => {
        const channel = await started('accepts');
        const outcome = await channel.notifier.send(notification(channel, { message }));
        expect(outcome.outcome).toBe('permanent');
        expect(channel.received()).toEqual([]);
      },
    );

    it.each(HOSTILE)('keeps a hostile name in its place: %j', async (evil) => {
      const channel = await started('accepts');
      const feature = digestFeature({
        feature: evil,
        segment: evil,
        explanation: [evil],
        picture: { kind: 'categorical', bars: [{ label: evil, baseline: 0.5, live: 0.5 }] },
      });
      const message = digest({
        model: evil,
        monitor: evil,
        features: [feature],
        stillFiring: [feature],
      });
      expect(await channel.notifier.send(notification(channel, { message }))).toEqual({
        outcome: 'sent',
      });
      const [received, ...others] = channel.received();
      expect(others).toEqual([]);
      expect(received?.recipient).toBe(channel.recipient);
      expect(received?.raw).not.toMatch(/^Bcc:/im);
      expect(received?.raw).not.toContain('\u202E');
    });

    it('sends at the same time without mixing messages up', async () => {
      const channel = await started('accepts');
      const keys = Array.from({ length: 8 }, (_, i) => `k${String(i)}`);
      const outcomes = await Promise.all(
        keys.map((dedupKey) => channel.notifier.send(notification(channel, { dedupKey }))),
      );
      expect(outcomes).toEqual(keys.map(() => ({ outcome: 'sent' })));
      expect(new Set(channel.received().map(({ key }) => key)).size).toBe(keys.length);
    });

    it('can be closed twice, and ends what is under way', async () => {
      const channel = await started('hangs');
      const sending = channel.notifier.send(notification(channel));
      await channel.notifier.close();
      await channel.notifier.close();
      expect((await sending).outcome).toBe('retry');
    });
  });
}
