import { trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tracedNotifier } from '../../../src/app/tracing.ts';
import { createMetricRegistry } from '../../../src/expose/metrics/registry.ts';
import type { SendOutcome } from '../../../src/notify/notifier.ts';
import { exemplarLabels, withSpan } from '../../../src/platform/tracing.ts';

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });

const spans = () =>
  exporter
    .getFinishedSpans()
    .map(({ name, attributes, status }) => ({ name, attributes, status: status.code }));

describe('without an SDK', () => {
  it('work runs all the same, and no exemplar is made', async () => {
    expect(await withSpan('x', {}, async () => [exemplarLabels()])).toEqual([null]);
  });
});

describe('with an SDK in the process', () => {
  beforeAll(() => {
    provider.register();
  });
  beforeEach(() => {
    exporter.reset();
  });
  afterAll(async () => {
    await provider.shutdown();
    trace.disable();
  });

  it('a delivery is a span that names the channel and not the recipient', async () => {
    const send = async (): Promise<SendOutcome> => ({ outcome: 'retry', error: 'full' });
    const notifier = tracedNotifier({ channel: 'email', send, close: () => Promise.resolve() });
    const recipient = 'ops@example.com';

    await notifier.send({ dedupKey: 'k', recipient, reason: 'first', createdAt: 0, message: {} });

    expect(spans()).toMatchObject([
      {
        name: 'driftd.delivery',
        attributes: {
          'driftd.channel': 'email',
          'driftd.dedup_key': 'k',
          'driftd.outcome': 'retry',
        },
      },
    ]);
    expect(JSON.stringify(spans())).not.toContain(recipient);
  });

  it('what is thrown marks the span without its text, and is thrown on', async () => {
    const work = withSpan('x', {}, () => Promise.reject(new TypeError('secret')));

    await expect(work).rejects.toThrow('secret');
    expect(spans()).toMatchObject([{ name: 'x', status: 2 }]);
    expect(JSON.stringify(exporter.getFinishedSpans()[0]?.status)).not.toContain('secret');
  });

  it('an observation within a span leads to it, in OpenMetrics alone', async () => {
    const registry = createMetricRegistry();
    const labels = { monitor: 'daily' };
    await withSpan('driftd.evaluation', {}, async () => {
      registry.observe('driftd_evaluation_duration_seconds', labels, 0.2);
    });
    const context = exporter.getFinishedSpans()[0]?.spanContext();

    const open = await registry.page(true);
    const text = await registry.page(false);

    expect(open.body).toMatch(
      new RegExp(
        `driftd_evaluation_duration_seconds_bucket\\{le="0\\.25",monitor="daily"\\} 1 # \\{trace_id="${context?.traceId ?? ''}",span_id="${context?.spanId ?? ''}"\\} 0\\.2 `,
      ),
    );
    expect(text.body).not.toContain('trace_id');
  });
});
