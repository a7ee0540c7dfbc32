import { isUtf8 } from 'node:buffer';
import { Transform } from 'node:stream';
import { DriftdError } from '../../platform/errors.ts';

const NEW_LINE = 0x0a;

/** Passes bytes on as long as they are UTF-8; else they would be counted as U+FFFD, many different values as one. */
export function createUtf8Check(name: string): Transform {
  let line = 1;
  /** The beginning of a character that the last chunk ended in. */
  let rest = Buffer.alloc(0);
  const refuse = (bytes: Buffer): DriftdError => {
    let from = 0;
    for (let end = endOfLine(bytes, from); end < bytes.length; end = endOfLine(bytes, from)) {
      if (!isUtf8(bytes.subarray(from, end))) break;
      from = end + 1;
      line += 1;
    }
    return new DriftdError(
      'INPUT_INVALID',
      `${name}:${line}: the text is no UTF-8; save it as UTF-8`,
    );
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const whole = bytes.subarray(0, bytes.length - unfinished(bytes));
      if (!isUtf8(whole)) {
        done(refuse(bytes));
        return;
      }
      rest = Buffer.from(bytes.subarray(whole.length));
      for (let i = 0; i < chunk.length; i += 1) if (chunk[i] === NEW_LINE) line += 1;
      done(null, chunk);
    },
    flush(done) {
      done(rest.length === 0 ? null : refuse(rest));
    },
  });
}

/** Bytes at the end that begin a character and do not end it. */
function unfinished(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) return 0;
    // A lead byte says how many bytes its character has; the others begin with the bits 10.
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? back : 0;
  }
  return 0;
}

function endOfLine(bytes: Buffer, from: number): number {
  const end = bytes.indexOf(NEW_LINE, from);
  return end < 0 ? bytes.length : end;
}
