import type { BaselinePlan, PlannedFeature } from '../../core/baseline/sampler.ts';
import { rowSlot } from '../../core/baseline/row-value.ts';
import type { RowSlot, RowValue } from '../../core/baseline/row-value.ts';
import { SLOT } from '../../core/domain/event-frame.ts';
import { ALL_SEGMENT } from '../../core/domain/feature.ts';
import type { CategoryCells } from '../../core/evaluate/types.ts';
import { categoryKey, numberKey } from '../../core/histogram/category-key.ts';

/** Categories of one feature in one segment that are told apart: what a binning knows, and as many new ones. */
const MAX_CATEGORIES = 200_000;
/** Over all features and segments: about 200 MB. */
const MAX_CATEGORIES_TOTAL = 2_000_000;

type Count = (row: readonly (RowValue | undefined)[], segments: readonly string[]) => void;

/** Counts of every category of two files: what a histogram, made to be stored, keeps of the heaviest only. */
export interface CategoryTally {
  /** Counts rows of one side, in the order of the plan's columns. */
  side(which: 'baseline' | 'live', plan: BaselinePlan): Count;
  /** null: not categorical, or too many categories to tell them apart. */
  of(segment: string, feature: string): CategoryCells | null;
  /** Features whose categories were too many. */
  given(): readonly string[];
}

interface Table {
  readonly places: Map<string, number>;
  readonly baseline: number[];
  readonly live: number[];
  given: boolean;
}

/** A missing value is a level of its own, which no text can be. */
const MISSING = '\0';

export function createCategoryTally(): CategoryTally {
  const tables = new Map<string, Table>();
  const slot: RowSlot = { slot: SLOT.absent, number: 0, text: '' };
  let total = 0;

  function tableOf(segment: string, feature: string): Table {
    const name = JSON.stringify([segment, feature]);
    let table = tables.get(name);
    if (table === undefined) {
      table = { places: new Map(), baseline: [], live: [], given: false };
      tables.set(name, table);
    }
    return table;
  }

  function add(table: Table, which: 'baseline' | 'live', key: string): void {
    if (table.given) return;
    let place = table.places.get(key);
    if (place === undefined) {
      if (table.places.size >= MAX_CATEGORIES || total >= MAX_CATEGORIES_TOTAL) {
        giveUp(table);
        return;
      }
      place = table.places.size;
      total += 1;
      table.places.set(key, place);
      table.baseline.push(0);
      table.live.push(0);
    }
    table[which][place] = (table[which][place] as number) + 1;
  }

  function giveUp(table: Table): void {
    total -= table.places.size;
    table.given = true;
    table.places.clear();
    table.baseline.length = 0;
    table.live.length = 0;
  }

  /** The category that a value is counted as; null: it is invalid. */
  function keyOf({ kind, column }: PlannedFeature, row: Parameters<Count>[0]): string | null {
    rowSlot(kind, row[column] ?? null, slot);
    if (slot.slot === SLOT.missing) return MISSING;
    if (slot.slot === SLOT.text) return categoryKey(slot.text);
    if (slot.slot === SLOT.boolean) return slot.number === 0 ? 'false' : 'true';
    return Number.isFinite(slot.number) ? numberKey(slot.number) : null;
  }

  return {
    side(which, { features, segments }) {
      const counted = features.filter(({ kind, column }) => kind === 'categorical' && column >= 0);
      const tablesIn = (segment: string): Table[] =>
        counted.map(({ name }) => tableOf(segment, name));
      const all = tablesIn(ALL_SEGMENT);
      const bySegment = new Map([...segments].map((name) => [name, tablesIn(name)]));
      return (row, names) => {
        counted.forEach((feature, i) => {
          const key = keyOf(feature, row);
          if (key === null) return;
          add(all[i] as Table, which, key);
          for (const name of names) {
            const table = bySegment.get(name)?.[i];
            if (table !== undefined) add(table, which, key);
          }
        });
      };
    },
    of(segment, feature) {
      const table = tables.get(JSON.stringify([segment, feature]));
      if (table === undefined || table.given) return null;
      return {
        baseline: Float64Array.from(table.baseline),
        live: Float64Array.from(table.live),
      };
    },
    given: () =>
      [...tables].flatMap(([name, table]) => {
        const [segment, feature] = JSON.parse(name) as [string, string];
        return table.given ? [segment === ALL_SEGMENT ? feature : `${feature} [${segment}]`] : [];
      }),
  };
}
