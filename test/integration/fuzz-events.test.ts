import { expect, it } from 'vitest';
import { fuzzEvents } from '../../scripts/fuzz/run.ts';
import { freshDatabase } from '../support/servers.ts';

/* The short form of `npm run fuzz:events`. */

it('20,000 hostile messages of every shape: each in exactly one counter, none stops the reading', async () => {
  const messages = 20_000;
  const { stored, told, reasons, segments, compared } = await fuzzEvents({
    url: await freshDatabase(),
    messages,
    seed: 20,
  });
  expect(sum(Object.values(stored))).toBe(messages);
  expect(told.get('counted')).toBe(stored['counted']);
  expect(told.get('quarantined')).toBe(stored['quarantined']);
  expect(sum(reasons.values())).toBe(stored['quarantined']);
  expect(segments).toBeLessThanOrEqual(52);
  expect(compared.differences).toEqual([]);
  expect(compared.tiles).toBeGreaterThanOrEqual(2);
  // Enough of both that neither side was tested with nothing.
  expect(stored['counted']).toBeGreaterThan(messages / 3);
  expect(stored['quarantined']).toBeGreaterThan(messages / 5);
  expect(reasons.size).toBeGreaterThanOrEqual(6);
});

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
