import { createDispatcher } from '../../notify/dispatcher.ts';
import type { DispatcherDeps } from '../../notify/dispatcher.ts';
import { createOutboxStore } from '../../storage/postgres/outbox-store.ts';
import type { Pool } from '../../storage/postgres/pool.ts';
import type { Lifecycle } from '../lifecycle.ts';

/** Starts emptying the outbox; channels are closed after it has stopped. */
export function startDelivery(
  pool: Pool,
  lifecycle: Lifecycle,
  perMinute: number,
  deps: Pick<DispatcherDeps, 'notifiers' | 'log' | 'metrics'>,
): void {
  const dispatcher = createDispatcher({
    ...deps,
    store: createOutboxStore(pool),
    options: { perMinute },
  });
  for (const notifier of deps.notifiers) lifecycle.onStop(notifier.channel, () => notifier.close());
  dispatcher.start();
  lifecycle.onStop('dispatcher', () => dispatcher.stop());
}
