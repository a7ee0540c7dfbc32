import { MIN_SEGMENT_ROWS } from '../../core/baseline/sampler.ts';
import type { RowFile } from '../../ingest/rows/row-file.ts';
import type { CategoryTally } from './category-tally.ts';
import type { AloneSegments, CompareOptions, FrequentSegments } from './compare-files.ts';

type Both<T> = readonly [baseline: T, current: T];

/** Names in one notice; the verdicts have them all. */
const MAX_NAMES = 20;

/** What a comparison leaves out, in sentences for people: silence would read as "no drift". */
export async function noticesOf({
  files,
  columns,
  isWatched,
  frequent,
  alone,
  tally,
  options,
}: {
  readonly files: Both<RowFile>;
  readonly columns: Both<readonly string[]>;
  readonly isWatched: (column: string) => boolean;
  readonly frequent: FrequentSegments;
  readonly alone: AloneSegments;
  readonly tally: CategoryTally;
  readonly options: CompareOptions;
}): Promise<string[]> {
  const [baseline, current] = files;
  const only = (own: readonly string[], other: readonly string[]): string[] =>
    own.filter((name) => isWatched(name) && !other.includes(name));
  const notices: string[] = [];
  const tell = (names: readonly string[], text: (listed: string) => string): void => {
    if (names.length > 0) notices.push(text(listed(names)));
  };
  tell(
    only(columns[0], columns[1]),
    (names) => `${current.name} does not have ${names}: nothing was compared there`,
  );
  tell(
    only(columns[1], columns[0]),
    (names) => `${baseline.name} does not have ${names}: there is nothing to compare with`,
  );
  for (const file of files) {
    const skipped = (await file.skipped()).filter(({ name }) => isWatched(name));
    tell(
      skipped.map(({ name, holds }) => `${name} (${holds})`),
      (names) => `${file.name}: left out are ${names}, which hold no single values`,
    );
  }
  tell(
    tally.given(),
    (names) =>
      `chi2 of ${names} is over the 64 heaviest categories: there are too many to keep all`,
  );
  tell(
    alone.baseline,
    (names) => `${current.name} has no rows of ${names}: nothing was compared there`,
  );
  tell(
    alone.current,
    (names) =>
      `${baseline.name} has fewer than ${MIN_SEGMENT_ROWS} rows of ${names}: there is too little to compare with`,
  );
  if (frequent.others > 0) {
    notices.push(
      `${frequent.others} values of ${options.segment} beyond the ${frequent.names.length} most frequent of ` +
        `${current.name} were not compared apart, but for those with ${MIN_SEGMENT_ROWS} rows in the baseline`,
    );
  }
  return notices;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).join(', ');
  return names.length > MAX_NAMES ? `${shown} and ${names.length - MAX_NAMES} more` : shown;
}
