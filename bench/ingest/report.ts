import type { Workload } from './events.ts';
import type { Reading } from './task.ts';

export interface Measured {
  readonly name: string;
  readonly work: Workload;
  readonly readings: readonly Reading[];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [upper, lower] = [sorted[middle] ?? NaN, sorted[middle - 1] ?? NaN];
  return sorted.length % 2 === 1 ? upper : (upper + lower) / 2;
}

function medians({ work, readings }: Measured): { rate: number; cpu: number; megabytes: number } {
  return {
    rate: median(readings.map(({ ms }) => (work.events / ms) * 1_000)),
    cpu: median(readings.map(({ cpuMs }) => (cpuMs * 1_000) / work.events)),
    megabytes: median(readings.map(({ megabytes }) => megabytes)),
  };
}

/** Each reader beside JSON.parse (the second) and beside the quick worker (the third). */
export function printRatios(all: readonly Measured[]): void {
  const [, parse, maps] = all.map(medians);
  if (parse === undefined || maps === undefined) throw new Error('nothing to compare with');
  console.table(
    all.map((one) => {
      const { rate, cpu, megabytes } = medians(one);
      return {
        reader: one.name,
        'events/s': Math.round(rate),
        'µs CPU an event': Number(cpu.toFixed(2)),
        'x JSON.parse': Number((rate / parse.rate).toFixed(2)),
        'x Maps': Number((rate / maps.rate).toFixed(2)),
        'by CPU: x JSON.parse': Number((parse.cpu / cpu).toFixed(2)),
        'x  Maps': Number((maps.cpu / cpu).toFixed(2)),
        MB: Math.round(megabytes),
      };
    }),
  );
}

/** What one value costs, in wide and in sliced events too. */
export function printCosts(all: readonly Measured[]): void {
  console.table(
    all.map((one) => {
      const { rate, cpu } = medians(one);
      const { features, segments } = one.work;
      return {
        reader: one.name,
        features,
        segments,
        'events/s': Math.round(rate),
        'µs CPU an event': Number(cpu.toFixed(2)),
        'ns CPU a value': Math.round((cpu * 1_000) / features),
      };
    }),
  );
}
