import type { Notifier } from '../notify/notifier.ts';
import { withSpan } from '../platform/tracing.ts';
import type { IngestStore } from '../storage/ingest-store.ts';

/** A span for each checkpoint: the transaction that makes counts and position durable. */
export function tracedStore(store: IngestStore): IngestStore {
  return {
    ...store,
    commit: (write) =>
      withSpan(
        'driftd.checkpoint',
        { 'driftd.part': write.part, 'driftd.tiles': write.tiles.length },
        () => store.commit(write),
        ({ outcome }) => ({ 'driftd.outcome': outcome }),
      ),
  };
}

/** A span for each attempt to deliver; it names the channel, never the recipient. */
export function tracedNotifier({ channel, send, close }: Notifier): Notifier {
  return {
    channel,
    send: (notification) =>
      withSpan(
        'driftd.delivery',
        { 'driftd.channel': channel, 'driftd.reason': notification.reason },
        () => send(notification),
        ({ outcome }) => ({ 'driftd.outcome': outcome }),
      ),
    close,
  };
}
