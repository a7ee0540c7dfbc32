import { expect, it } from 'vitest';
import { createRateLimit } from '../../../src/notify/rate-limit.ts';

it('within any minute no more go than may, however they ask', () => {
  let now = 0;
  const limit = createRateLimit(20, { now: () => now, monotonic: () => now });
  const sent: number[] = [];
  for (; now < 600_000; now += 250) {
    // Bursts of five, as the dispatcher takes them; now and then nothing for a while.
    const count = now % 200_000 < 150_000 ? Math.min(5, limit.available()) : 0;
    limit.take(count);
    sent.push(...Array.from({ length: count }, () => now));
  }
  const most = Math.max(
    ...sent.map((from) => sent.filter((at) => at >= from && at < from + 60_000).length),
  );
  expect(most).toBe(20);
  // The limit is used up: all that may go goes.
  expect(sent.length).toBeGreaterThanOrEqual(8 * 20);
});
