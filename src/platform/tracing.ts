import { SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes } from '@opentelemetry/api';

import { toError } from './errors.ts';

/*
 * Spans through OpenTelemetry's API alone: without an SDK in the process they are nothing and cost nothing.
 */

const tracer = trace.getTracer('driftd');

/**
 * Runs `work` within a span; what it throws marks the span and is thrown on.
 * @param told what the result adds to the span
 */
export function withSpan<T>(
  name: string,
  attributes: Attributes,
  work: () => Promise<T>,
  told: (result: T) => Attributes = () => ({}),
): Promise<T> {
  return tracer.startActiveSpan(name, { attributes }, async (span) => {
    try {
      const result = await work();
      span.setAttributes(told(result));
      return result;
    } catch (thrown) {
      // The class of the error only: its text may hold what belongs into no trace.
      span.setStatus({ code: SpanStatusCode.ERROR, message: toError(thrown).name });
      throw thrown;
    } finally {
      span.end();
    }
  });
}

/** Adds to the span that runs now, if one does. */
export function tellSpan(attributes: Attributes): void {
  trace.getActiveSpan()?.setAttributes(attributes);
}

/** Labels of an exemplar that leads to the span that runs now; null: none that is kept does. */
export function exemplarLabels(): { readonly trace_id: string; readonly span_id: string } | null {
  const context = trace.getActiveSpan()?.spanContext();
  const sampled = context !== undefined && (context.traceFlags & 1) === 1;
  return sampled ? { trace_id: context.traceId, span_id: context.spanId } : null;
}
