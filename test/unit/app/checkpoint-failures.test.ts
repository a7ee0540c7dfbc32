import { describe, expect, it } from 'vitest';
import { listenToCheckpoints } from '../../../src/app/status/checkpoint-failures.ts';
import { createHooks } from '../../../src/expose/metrics/hooks.ts';
import { createMetricRegistry } from '../../../src/expose/metrics/registry.ts';

const partition = (number: number) => ({
  source: 'kafka',
  topic: 'predictions',
  partition: number,
});

function listening() {
  let time = 0;
  const { heard, sinceMs } = listenToCheckpoints(createHooks(createMetricRegistry()).ingest, {
    now: () => time,
    monotonic: () => time,
  });
  return {
    heard,
    sinceMs,
    pass: (ms: number) => {
      time += ms;
    },
  };
}

describe('for how long the database has taken no checkpoint', () => {
  it('is told of the partition that waits, whatever the others do', () => {
    const { heard, sinceMs, pass } = listening();
    heard.checkpoint(partition(0), 'retry', 0.1);
    for (let i = 0; i < 6; i += 1) {
      pass(1_000);
      heard.checkpoint(partition(1), 'committed', 0.1);
      heard.checkpoint(partition(0), 'retry', 0.1);
    }
    expect(sinceMs()).toBe(6_000);

    heard.checkpoint(partition(0), 'committed', 0.1);
    expect(sinceMs()).toBe(0);
  });

  it("is nobody's business any more once another process reads the partition", () => {
    const { heard, sinceMs, pass } = listening();
    heard.checkpoint(partition(0), 'unknown', 0.1);
    heard.checkpoint(partition(1), 'retry', 0.1);
    pass(2_000);
    heard.released(partition(0));
    expect(sinceMs()).toBe(2_000);
    heard.released(partition(1));
    expect(sinceMs()).toBe(0);
  });
});
