/** Edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`: the optimal string alignment distance. */
export function editDistance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, () =>
    Array.from({ length: b.length + 1 }, () => 0),
  );
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 0; i <= a.length; i++) {
    for (let j = 0; j <= b.length; j++) {
      const row = rows[i] as number[];
      if (i === 0 || j === 0) {
        row[j] = i + j;
        continue;
      }
      const same = a[i - 1] === b[j - 1];
      row[j] = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(at(i, j), at(i - 2, j - 2) + 1);
      }
    }
  }
  return at(a.length, b.length);
}

/** The known name that was most likely meant, or null when none is near (more than 2/5 of it would have to change). */
export function nearest(written: string, known: readonly string[]): string | null {
  if (written.length > 128) return null;
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_ ]/g, '');
  let best: string | null = null;
  let bestDistance = Infinity;
  for (const candidate of known) {
    const distance = editDistance(plain(written), plain(candidate));
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  const allowed = Math.max(1, Math.floor((plain(best ?? '').length * 2) / 5));
  return bestDistance <= allowed ? best : null;
}

/** `did you mean "x"?` when a known name is near, else the list of them (the first 20). */
export function suggestion(written: string, known: readonly string[], what: string): string {
  const near = nearest(written, known);
  if (near !== null) return `did you mean "${near}"?`;
  if (known.length === 0) return `there are no ${what}`;
  const more = known.length > 20 ? ', ...' : '';
  return `${what}: ${known.slice(0, 20).join(', ')}${more}`;
}
