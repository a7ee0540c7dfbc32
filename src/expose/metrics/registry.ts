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
  /** Lines of the page that are not stored: those shown, and those that had no room any more. */
  ownSeries(): Promise<{ readonly shown: number; readonly refused: number }>;
  page(openMetrics: boolean): Promise<{ contentType: string; body: string }>;
}

type Known = Counter | Gauge | Histogram;

/**
 * Lines that the process's own series may take, half a page: enough for 300 routes with their statuses. New ones beyond
 * are not shown, so that neither many monitors nor many partitions push the stored gauges out.
 */
const OWN_SERIES = 5_000;

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
  const own = createOwnSeries();
  return {
    increment: (name, labels, by = 1) => {
      if (own.admits(name, labels)) metric(name, Counter).inc(labels, by);
    },
    set: (name, labels, value) => {
      if (own.admits(name, labels)) metric(name, Gauge).set(labels, value);
    },
    remove: (name, labels) => {
      own.forget(name, labels);
      metric(name, Gauge).remove(labels);
    },
    observe: (name, labels, value) => {
      if (!own.admits(name, labels)) return;
      const exemplar = exemplarLabels();
      metric(name, Histogram).observe(
        exemplar === null ? { labels, value } : { labels, value, exemplarLabels: { ...exemplar } },
      );
    },
    ownSeries: async () => {
      const ours = new Set<string>(metrics.keys());
      const others = registry.getMetricsAsArray().filter(({ name }) => !ours.has(name));
      const pages = await Promise.all(others.map((one) => (one as unknown as Readable).get()));
      const nodes = pages.reduce((sum, { values }) => sum + values.length, 0);
      return { shown: own.shown() + nodes, refused: own.refused() };
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

/** Which of the process's own series there are, and how many lines of the page they take. */
function createOwnSeries(): {
  admits(name: MetricName, labels: Labels): boolean;
  forget(name: MetricName, labels: Labels): void;
  shown(): number;
  refused(): number;
} {
  const shown = new Map<string, number>();
  const refused = new Map<string, number>();
  const keyOf = (name: MetricName, labels: Labels): string =>
    `${name} ${Object.values(labels).join('\0')}`;
  let lines = 0;
  let left = 0;
  return {
    admits(name, labels) {
      const key = keyOf(name, labels);
      if (shown.has(key)) return true;
      if (refused.has(key)) return false;
      const { buckets }: MetricSpec = METRICS[name];
      // A line a bound, and those of infinity, sum and count.
      const cost = buckets === undefined ? 1 : buckets.length + 3;
      const fits = lines + cost <= OWN_SERIES;
      (fits ? shown : refused).set(key, cost);
      if (fits) lines += cost;
      else left += cost;
      return fits;
    },
    forget(name, labels) {
      const key = keyOf(name, labels);
      lines -= shown.get(key) ?? 0;
      left -= refused.get(key) ?? 0;
      shown.delete(key);
      refused.delete(key);
    },
    shown: () => lines,
    refused: () => left,
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
  get(): Promise<{ name: string; readonly values: readonly unknown[] }>;
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
