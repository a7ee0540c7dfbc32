import type { Workload } from './events.ts';
import type { Order, Reading } from './task.ts';

export interface Measured {
  readonly name: string;
  readonly reader: Order['reader'];
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

/** Each reader beside the one with JSON.parse (and with Maps, where it was measured) that has read the same events. */
export function printRatios(all: readonly Measured[]): void {
  console.table(
    all.map((one) => {
      const { rate, cpu, megabytes } = medians(one);
      const beside = (reader: Order['reader']): { rate: number | string; cpu: number | string } => {
        const other = all.find((peer) => peer.reader === reader && peer.work === one.work);
        if (other === undefined) return { rate: '', cpu: '' };
        const that = medians(other);
        return {
          rate: Number((rate / that.rate).toFixed(2)),
          cpu: Number((that.cpu / cpu).toFixed(2)),
        };
      };
      const [parse, maps] = [beside('parse'), beside('maps')];
      return {
        reader: one.name,
        'events/s': Math.round(rate),
        'µs CPU an event': Number(cpu.toFixed(2)),
        'x JSON.parse': parse.rate,
        'x Maps': maps.rate,
        'by CPU: x JSON.parse': parse.cpu,
        'x  Maps': maps.cpu,
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
