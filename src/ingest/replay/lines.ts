/** One line of a file, without its end. */
export interface Line {
  /** From 1. */
  readonly number: number;
  /** At most `maxBytes`. */
  readonly bytes: Buffer;
  /** Bytes of it that are left out. */
  readonly cut: number;
}

const [LINE_FEED, RETURN, BLANK] = [0x0a, 0x0d, 0x20];

/**
 * Lines as bytes, some at a time: they end with a line feed or both characters of Windows, and with nothing else, since
 * U+2028 may stand in a text. Lines of blanks are left out.
 * @param maxBytes what is kept of one line
 */
export async function* linesOf(
  chunks: AsyncIterable<Buffer>,
  maxBytes: number,
): AsyncGenerator<readonly Line[]> {
  let number = 1;
  let held: Buffer[] = [];
  let size = 0;
  let cut = 0;

  const take = (bytes: Buffer): void => {
    const kept = bytes.subarray(0, Math.max(0, maxBytes - size));
    if (kept.length > 0) held.push(kept);
    size += kept.length;
    cut += bytes.length - kept.length;
  };
  const end = (lines: Line[]): void => {
    const whole = held.length === 1 ? (held[0] as Buffer) : Buffer.concat(held);
    const bytes = cut === 0 && whole.at(-1) === RETURN ? whole.subarray(0, -1) : whole;
    if (bytes.some((byte) => byte > BLANK)) lines.push({ number, bytes, cut });
    number += 1;
    [held, size, cut] = [[], 0, 0];
  };

  for await (const chunk of chunks) {
    const lines: Line[] = [];
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, from)) {
      take(chunk.subarray(from, at));
      end(lines);
      from = at + 1;
    }
    if (from < chunk.length) take(chunk.subarray(from));
    if (lines.length > 0) yield lines;
  }
  const last: Line[] = [];
  end(last);
  if (last.length > 0) yield last;
}
