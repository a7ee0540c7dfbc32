import type { CheckpointWrite, IngestStore, TileWrite } from '../../src/storage/ingest-store.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import type { MemberSource, MemoryLog } from './memory-log.ts';
import type { Stops } from './stops.ts';

/** What a mutant has at hand: the true store, and a way into the database past the stop points. */
export interface MutantParts {
  readonly store: IngestStore;
  readonly pool: Pool;
  readonly stops: Stops;
  readonly source: MemberSource;
  readonly log: MemoryLog;
}

/** A bug planted around the program: in the statements that leave it, or between ingestion and its store or source. */
export interface Mutant {
  /**
   * What its fault reads like: counts that differ, a write or a word of who had no right to it. That something does not come
   * or does not end is a fault of the machine as often as of the program, and finds nothing.
   */
  readonly finds: RegExp;
  readonly statement?: (text: string) => string;
  readonly store?: (parts: MutantParts) => IngestStore;
}

const NOTHING = { counted: 0, quarantined: 0, tooLate: 0, duplicate: 0, filtered: 0 };

/** The position is set wherever it stood. */
const anyOffset = (text: string): string =>
  text.replace('AND next_offset = $3', 'AND $3::bigint IS NOT NULL');
/** Who has lost the claim may write on as if it had not. */
const anyEpoch = (text: string): string =>
  text.replace('AND epoch = $2', 'AND $2::bigint IS NOT NULL');

/** As a consumer with enable.auto.commit: what was handed over counts as done. */
const autoCommit = ({ store, pool, source, log }: MutantParts): IngestStore => {
  source.onDelivered = async (next) => {
    await pool.query(
      'UPDATE ingest_partition SET next_offset = greatest(next_offset, $3) WHERE source = $1 AND topic = $2',
      [log.key.source, log.key.topic, next],
    );
  };
  return store;
};

/** After a commit with an unknown outcome the tiles stay in memory and are counted on. */
const stateKept = ({ store }: MutantParts): IngestStore => {
  let kept: readonly TileWrite[] = [];
  return {
    ...store,
    async commit(write) {
      const result = await store.commit(write);
      kept = result.outcome === 'unknown' ? write.tiles : [];
      return result;
    },
    async loadTiles(part, keys) {
      const stored = await store.loadTiles(part, keys);
      const isAsked = (tile: TileWrite): boolean =>
        keys.some((key) => key.start === tile.start && key.binningSetId === tile.binningSetId);
      const ours = kept.filter(isAsked);
      const isOurs = (tile: TileWrite): boolean =>
        ours.some((one) => one.start === tile.start && one.binningSetId === tile.binningSetId);
      return [...ours, ...stored.filter((tile) => !isOurs(tile))];
    },
  };
};

/** The position in a transaction of its own, before the counts. */
const offsetFirst = ({ store, stops }: MutantParts): IngestStore => ({
  ...store,
  async commit(write) {
    const moved = await store.commit({ ...write, tiles: [], quarantine: [], progress: [] });
    if (moved.outcome !== 'committed') return moved;
    await stops.at('between');
    const rows: CheckpointWrite = { ...write, previousOffset: write.nextOffset, outcomes: NOTHING };
    return store.commit(rows);
  },
});

/** Tells that it is done while it is being done. */
const resolvesEarly = ({ store }: MutantParts): IngestStore => {
  let under: Promise<unknown> = Promise.resolve();
  return {
    ...store,
    commit(write) {
      under = under.then(() => store.commit(write)).catch(() => undefined);
      return Promise.resolve({ outcome: 'committed' });
    },
  };
};

const DIFFERS = /^the counts differ by \d+$/;

/** The bugs that the schedules must find. */
export const MUTANTS: Readonly<Record<string, Mutant>> = {
  'no-compare-and-swap': { finds: DIFFERS, statement: anyOffset },
  // Who has lost the claim halts the partition of its successor.
  'no-epoch': {
    finds: /^the counts differ by \d+$|^the partition is halted at/,
    statement: anyEpoch,
  },
  'no-fence': { finds: DIFFERS, statement: (text) => anyOffset(anyEpoch(text)) },
  'auto-commit': { finds: DIFFERS, statement: anyOffset, store: autoCommit },
  'state-kept-after-unknown-commit': { finds: DIFFERS, store: stateKept },
  'offset-before-rows': { finds: DIFFERS, store: offsetFirst },
  'resolves-before-commit': {
    finds: /told .* while|ended before its COMMIT|^the counts differ by \d+$/,
    store: resolvesEarly,
  },
};
