import { Random } from '../../scripts/simulate/random.ts';

/** Events of one model: what a topic is filled with. */
export interface Workload {
  readonly name: string;
  readonly events: number;
  readonly features: number;
  /** Values of the attribute `country`; 0: events have no attributes. */
  readonly segments: number;
  /** A key is written with an escape, as no producer does: every event is parsed by JSON.parse. */
  readonly unusual: boolean;
}

export const MODEL = 'bench';
const HOUR_MS = 3_600_000;
/** Events lie in one hour of the past. */
const START = Date.UTC(2026, 0, 1);
/** Different events; the topic repeats them with other ids and times. */
const DISTINCT = 5_000;
const CATEGORIES = 40;

type Value = string | number | boolean | null;

/** One row: of five features three are decimals, one is whole, one a category; some decimals have all their digits. */
function rowOf(random: Random, features: number): Map<string, Value> {
  const row = new Map<string, Value>();
  for (let i = 0; i < features; i += 1) row.set(nameOf(i), valueOf(random, i));
  return row;
}

function nameOf(i: number): string {
  return `${['amount', 'ratio', 'score', 'visits', 'segment'][i % 5] ?? ''}_${i}`;
}

function valueOf(random: Random, i: number): Value {
  if (random.uniform() < 0.02) return null;
  if (i % 5 === 0) return Number((random.normal() * 100).toFixed(2));
  if (i % 5 === 1) return i < 6 ? random.uniform() : Number(random.uniform().toFixed(4));
  if (i % 5 === 2) return Number(random.normal().toFixed(6));
  if (i % 5 === 3) return Math.floor(Math.exp(random.normal() + 3));
  return `value-${Math.floor(CATEGORIES * random.uniform() ** 2)}`;
}

/** Training rows as CSV with a header. */
export function trainingRows(features: number, rows: number): string {
  const random = new Random(7);
  const lines = [Array.from({ length: features }, (_, i) => nameOf(i)).join(',')];
  for (let row = 0; row < rows; row += 1)
    lines.push([...rowOf(random, features).values()].map((value) => value ?? '').join(','));
  return `${lines.join('\n')}\n`;
}

/** The values of a topic's records, one after another. */
export function* eventsOf(work: Workload): Generator<string> {
  const random = new Random(11);
  const distinct = Math.max(1, Math.min(DISTINCT, work.events, Math.round(1e6 / work.features)));
  const rests = Array.from({ length: distinct }, (_, i) => {
    const features = Object.fromEntries(rowOf(random, work.features));
    const attributes =
      work.segments === 0 ? {} : { attributes: { country: `C${i % work.segments}` } };
    const text = JSON.stringify({ features, ...attributes }).slice(1);
    return work.unusual ? `${text.slice(0, -1)},"not\\u0065":1}` : text;
  });
  for (let i = 0; i < work.events; i += 1) {
    const ts = new Date(START + Math.floor((i / work.events) * HOUR_MS)).toISOString();
    const id = (0x1000_0000 + i).toString(16);
    yield `{"id":"${id}","model":"${MODEL}","version":"12","ts":"${ts}",${rests[i % distinct] ?? ''}`;
  }
}
