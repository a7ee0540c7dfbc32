import { expect, it } from 'vitest';

import type { RecordConsumer } from '../../../src/ingest/event-source.ts';
import { createReplaySource } from '../../../src/ingest/replay/replay-source.ts';
import { createLog } from '../../../src/platform/log.ts';

it('a file that another process reads is not silent here, though it was when it was lost', async () => {
  const lost = new AbortController();
  const holds = [{ lost: lost.signal, release: () => Promise.resolve() }];
  const source = createReplaySource(
    {
      name: 'past',
      // No rows: a folder.
      path: import.meta.dirname,
      format: 'csv',
      eventFormat: 'flat',
      mapping: { model: 'm', time: 'at' },
    },
    { take: () => Promise.resolve(holds.pop() ?? null) },
    createLog('silent'),
  );
  const consumer: RecordConsumer = {
    assigned: ([key], control) => {
      if (key !== undefined) control.seek(key, 0);
    },
    unassigned: () => undefined,
    batch: () => true,
    logEnd: () => undefined,
  };
  await source.start(consumer);
  await expect.poll(() => source.silentMs).toBeGreaterThan(0);
  lost.abort();
  await expect.poll(() => source.silentMs).toBe(0);
  await source.stop();
});
