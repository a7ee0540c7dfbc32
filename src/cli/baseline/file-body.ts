import { createReadStream } from 'node:fs';

import { DriftdError, toError } from '../../platform/errors.ts';
import { fileReason } from '../../platform/files.ts';

/** The body of a request. */
export interface FileBody {
  readonly body: ReadableStream;
  readonly duplex: 'half';
  /** @throws DriftdError INPUT_UNREADABLE when it was the file that failed */
  readonly assertRead: () => void;
}

/**
 * Bytes [from, to) of a file, read as they are wanted: an answer that comes before they are sent ends it.
 * (`Readable.toWeb` throws then, where nobody can catch it.)
 * @param onSent told how many bytes of the file are on their way, those before `from` included
 */
export function fileBody(
  path: string,
  from: number,
  to: number,
  onSent: (bytes: number) => void = () => undefined,
): FileBody {
  let failed: Error | null = null;
  async function* bytes(): AsyncGenerator<Buffer> {
    let sent = from;
    try {
      const file = createReadStream(path, { start: from, end: to - 1 });
      for await (const chunk of file as AsyncIterable<Buffer>) {
        sent += chunk.length;
        onSent(sent);
        yield chunk;
      }
    } catch (thrown) {
      failed = toError(thrown);
      throw thrown;
    }
  }
  return {
    body: ReadableStream.from(bytes()),
    duplex: 'half',
    assertRead() {
      if (failed === null) return;
      throw new DriftdError('INPUT_UNREADABLE', `${path} cannot be read: ${fileReason(failed)}`);
    },
  };
}
