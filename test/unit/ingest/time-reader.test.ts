import { expect, it } from 'vitest';
import { Random } from '../../../scripts/simulate/random.ts';
import { TimeReader } from '../../../src/ingest/decode/bytes/time-reader.ts';
import { parseEventTime } from '../../../src/core/domain/event-time.ts';

it('reads usual times as parseEventTime does, and nothing that is none', () => {
  const random = new Random(3);
  const times = new TimeReader();
  const below = (n: number): number => Math.floor(random.uniform() * n);
  const odd = '0123456789-:.TZtz+ é\0';
  let read = 0;
  for (let i = 0; i < 100_000; i += 1) {
    let text = new Date(below(2) === 0 ? below(4e12) : 1.7e12 + below(1e8)).toISOString();
    if (below(2) === 0) text = text.replace(/\.\d+/, below(2) === 0 ? '' : `.${below(1e9)}`);
    for (let changes = below(3); changes > 0; changes -= 1) {
      const at = below(text.length);
      text = text.slice(0, at) + (odd[below(odd.length)] ?? '') + text.slice(at + below(2));
    }
    const time = times.readText(text);
    if (time < 0) continue;
    read += 1;
    expect(time, text).toBe(parseEventTime(text));
  }
  expect(read).toBeGreaterThan(30_000);
});

it('every day from 1970 to 9999 is where the calendar has it', () => {
  const wrong: string[] = [];
  for (let time = 3_723_004; time <= 253_402_300_799_999; time += 86_400_000) {
    const text = new Date(time).toISOString();
    if (parseEventTime(text) !== time) wrong.push(text);
  }
  expect(wrong).toEqual([]);
});
