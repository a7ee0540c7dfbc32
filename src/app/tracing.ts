import type { Notifier } from '../notify/notifier.ts';
import { tellSpan, withSpan } from '../platform/tracing.ts';
import type { EvaluationStore } from '../storage/evaluation-store.ts';

/** Tells the span of an evaluation the keys of the messages it queues: by them it leads to the deliveries. */
export function tracedEvaluations(store: EvaluationStore): EvaluationStore {
  return {
    ...store,
    store(write) {
      tellSpan({ 'driftd.dedup_keys': write.outbox.map(({ dedupKey }) => dedupKey) });
      return store.store(write);
    },
  };
}

/** A span for each attempt to deliver; it names the channel and the message's key, never the recipient. */
export function tracedNotifier({ channel, send, close }: Notifier): Notifier {
  return {
    channel,
    send: (notification) =>
      withSpan(
        'driftd.delivery',
        {
          'driftd.channel': channel,
          'driftd.reason': notification.reason,
          'driftd.dedup_key': notification.dedupKey,
        },
        () => send(notification),
        ({ outcome }) => ({ 'driftd.outcome': outcome }),
      ),
    close,
  };
}
