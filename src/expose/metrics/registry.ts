import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Metric, OpenMetricsContentType } from 'prom-client';

import { exemplarLabels } from '../../platform/tracing.ts';
import { METRICS, REFUSED_PROCESS_METRICS } from './catalogue.ts';
import type { MetricName, MetricSpec } from './catalogue.ts';
import type { Sample } from './series.ts';

export type Labels = Readonly<Record<string, string>>;

/** The metrics of the catalogue and the process metrics of prom-client, behind their names. */
export interface MetricRegistry {
  /** A counter that this process counts. */
  increment(name: MetricName, labels: Labels, by?: number): void;
  /** A gauge that this process knows. */
  set(name: MetricName, labels: Labels, value: number): void;
  remove(name: MetricName, labels: Labels): void;
  observe(name: MetricName, labels: Labels, value: number): void;
  /** Puts these in place of all stored series, in one step. */
  replaceStored(samples: readonly Sample[]): void;
  page(openMetrics: boolean): Promise<{ contentType: string; body: string }>;
}

type Known = Counter | Gauge | Histogram;

export function createMetricRegistry(): MetricRegistry {
  const registry = new Registry();
  const metrics = new Map<MetricName, Known>();
  for (const [name, spec] of Object.entries(METRICS) as [MetricName, MetricSpec][]) {
    metrics.set(name, create(name, spec, registry));
  }
  collectDefaultMetrics({ register: registry });
  for (const name of REFUSED_PROCESS_METRICS) registry.removeSingleMetric(name);
  const openMetricsRegistry = createOpenMetricsView(registry);
  const metric = <T extends Known>(
    name: MetricName,
    type: new (...parameters: never[]) => T,
  ): T => {
    const found = metrics.get(name);
    if (!(found instanceof type)) throw new TypeError(`${name} is no ${type.name}`);
    return found;
  };
  return {
    increment: (name, labels, by = 1) => {
      metric(name, Counter).inc(labels, by);
    },
    set: (name, labels, value) => {
      metric(name, Gauge).set(labels, value);
    },
    remove: (name, labels) => {
      metric(name, Gauge).remove(labels);
    },
    observe: (name, labels, value) => {
      const exemplar = exemplarLabels();
      metric(name, Histogram).observe(
        exemplar === null ? { labels, value } : { labels, value, exemplarLabels: { ...exemplar } },
      );
    },
    replaceStored: (samples) => {
      for (const [name, found] of metrics) if (METRICS[name].origin === 'stored') found.reset();
      for (const { metric: name, labels, value } of samples) {
        const found = metrics.get(name);
        if (found instanceof Counter) found.inc(labels, value);
        else if (found instanceof Gauge) found.set(labels, value);
      }
    },
    page: async (openMetrics) => {
      const view = openMetrics ? openMetricsRegistry : registry;
      return { contentType: view.contentType, body: await view.metrics() };
    },
  };
}

function create(name: MetricName, spec: MetricSpec, registry: Registry): Known {
  const common = { name, help: spec.help, labelNames: [...spec.labels], registers: [registry] };
  if (spec.type === 'counter') return new Counter(common);
  if (spec.type === 'gauge') return new Gauge(common);
  // prom-client refuses exemplars in a registry of text pages when a metric is made for it, and leaves them out of the page.
  const histogram = new Histogram({
    ...common,
    registers: [],
    buckets: [...(spec.buckets ?? [])],
    enableExemplars: true,
  });
  registry.registerMetric(histogram);
  return histogram;
}

/** What a registry asks of a metric when it writes a page. */
interface Readable {
  name: string;
  readonly help: string;
  readonly type: string;
  get(): Promise<{ name: string }>;
}

/**
 * The same metrics as OpenMetrics. prom-client renames a counter for good when it writes it that way (`x_total` becomes
 * `x`), which would spoil the text page: the view holds stand-ins that take the new name instead.
 */
function createOpenMetricsView(registry: Registry): Registry<OpenMetricsContentType> {
  const view = new Registry<OpenMetricsContentType>();
  view.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  for (const metric of registry.getMetricsAsArray() as unknown as Readable[]) {
    const standIn: Readable = {
      name: metric.name,
      help: metric.help,
      type: metric.type,
      get: async () => ({ ...(await metric.get()), name: standIn.name }),
    };
    view.registerMetric(standIn as unknown as Metric);
  }
  return view;
}
