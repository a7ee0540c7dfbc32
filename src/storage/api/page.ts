/** A part of a list: at most `limit` items that come after `after` in the list's order; null: from its beginning. */
export interface PageOf<Key> {
  readonly limit: number;
  readonly after: Key | null;
}
