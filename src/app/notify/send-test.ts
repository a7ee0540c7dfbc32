import type { DriftdConfig } from '../../config/types.ts';
import { testMessage } from '../../notify/watch/problem-messages.ts';
import type { Clock } from '../../platform/clock.ts';
import { DriftdError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import { notifiersOf } from '../catalogue.ts';

export interface TestResult {
  readonly receiver: string;
  readonly channel: string;
  readonly recipient: string;
  /** null: it was taken. */
  readonly error: string | null;
}

/**
 * Sends a test message to every recipient of a channel, at once and past the outbox: it must work before there is a
 * database, and say what the far side answered.
 * @param only a receiver's name; null: all of them
 * @throws DriftdError USAGE when no receiver has the channel
 */
export async function sendTest(
  config: DriftdConfig,
  channel: string,
  only: string | null,
  log: Log,
  clock: Clock,
): Promise<TestResult[]> {
  const targets = config.receivers.flatMap(({ name, targets: list }) =>
    list
      .filter((target) => target.channel === channel && (only ?? name) === name)
      .map((target) => ({ receiver: name, ...target })),
  );
  if (targets.length === 0) {
    const known = [...new Set(config.receivers.flatMap(({ targets: list }) => list))];
    const channels = [...new Set(known.map((target) => target.channel))].sort();
    const whose = only === null ? 'no receiver' : `no receiver "${only}"`;
    const hint = channels.length === 0 ? 'none at all' : channels.join(', ');
    throw new DriftdError(
      'USAGE',
      `${whose} has the channel "${channel}"; the configuration has: ${hint}`,
    );
  }
  const notifiers = notifiersOf(config, log);
  const notifier = notifiers.find((one) => one.channel === channel);
  const now = clock.now();
  try {
    const results: TestResult[] = [];
    for (const { receiver, recipient } of targets) {
      const outcome = await notifier?.send({
        dedupKey: `test-${String(now)}-${String(results.length)}`,
        recipient,
        reason: 'test',
        createdAt: now,
        message: testMessage(receiver, channel, now),
      });
      const error = outcome?.outcome === 'sent' ? null : (outcome?.error ?? 'no such channel');
      results.push({ receiver, channel, recipient, error });
    }
    return results;
  } finally {
    await Promise.all(notifiers.map((one) => one.close()));
  }
}
