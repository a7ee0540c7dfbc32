/*
 * Names of features that events bring and no version in use has. A stream may bring any number of them, and anything as a
 * name: so many are kept, of so many characters.
 */

/** Names of a model that are kept: of more, those that were seen last. */
export const MAX_UNKNOWN_NAMES = 100;
/** UTF-16 units of a name, as of any feature's. */
const MAX_NAME = 128;
/** What is known of a name is not written again before so much event time has passed. */
const WRITTEN_AGAIN_MS = 60_000;
/** What the stream has brought within so much of its newest event it brings. */
const RECENT_MS = 86_400_000;

/** When events brought a feature, by their event times; ms since the epoch. */
export interface SeenName {
  readonly name: string;
  readonly firstSeen: number;
  readonly lastSeen: number;
}

/** What a model's events bring beside what is counted. */
export interface UnknownNames {
  /** The last seen first. `known`: by now the model has the feature, or is told to ignore it. */
  readonly names: readonly (SeenName & { readonly known: boolean })[];
  /** Events of the model so far, and the newest event time; null: there was none. */
  readonly events: number;
  readonly newest: number | null;
}

/** Those of the newest day of the stream. */
export function recentNames({ names, newest }: UnknownNames): UnknownNames['names'] {
  return names.filter(({ lastSeen }) => lastSeen >= (newest ?? Infinity) - RECENT_MS);
}

/**
 * A name as it is kept: what a database takes, and no line is broken by. A baseline's names have none of what is replaced.
 */
export function keptName(name: string): string {
  return name
    .slice(0, MAX_NAME)
    .toWellFormed()
    .replaceAll(/\p{Cc}/gu, '\uFFFD');
}

type Seen = { first: number; last: number };

/** Collects names of one model between two checkpoints. In memory are twice MAX_UNKNOWN_NAMES at most. */
export class NameCollector {
  private fresh = new Map<string, Seen>();
  /** As they were written last. */
  private readonly written = new Map<string, Seen>();

  /** @param time of the event, ms since the epoch */
  note(name: string, time: number): void {
    const kept = keptName(name);
    const seen = this.fresh.get(kept);
    if (seen !== undefined) {
      if (time < seen.first) seen.first = time;
      if (time > seen.last) seen.last = time;
    } else if (this.fresh.size < MAX_UNKNOWN_NAMES) {
      this.fresh.set(kept, { first: time, last: time });
    }
  }

  /** What is worth writing, by name. */
  pending(): SeenName[] {
    return [...this.fresh]
      .filter(([name, seen]) => this.isNews(name, seen))
      .map(([name, { first, last }]) => ({ name, firstSeen: first, lastSeen: last }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  private isNews(name: string, { first, last }: Seen): boolean {
    const before = this.written.get(name);
    return before === undefined || first < before.first || last - before.last >= WRITTEN_AGAIN_MS;
  }

  /** What was pending is written. */
  committed(): void {
    for (const [name, seen] of this.fresh) {
      if (!this.isNews(name, seen)) continue;
      const before = this.written.get(name);
      this.written.delete(name);
      this.written.set(name, {
        first: Math.min(seen.first, before?.first ?? Infinity),
        last: Math.max(seen.last, before?.last ?? -Infinity),
      });
    }
    this.fresh = new Map();
    for (const name of this.written.keys()) {
      if (this.written.size <= MAX_UNKNOWN_NAMES) break;
      this.written.delete(name);
    }
  }
}
