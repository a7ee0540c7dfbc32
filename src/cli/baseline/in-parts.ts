import type { UploadResult } from '../../app/baselines/direct.ts';
import { createBackoff } from '../../platform/backoff.ts';
import type { Backoff } from '../../platform/backoff.ts';
import { sleep } from '../../platform/clock.ts';
import { DriftdError } from '../../platform/errors.ts';
import type { Asking } from './asking.ts';
import { fileBody } from './file-body.ts';

/** Of a request: small enough for the limits and the patience of whatever is between. */
const PART_BYTES = 8 * 1024 * 1024;
/** For a request with a part; what came of it until then stays. */
const PART_MS = 60_000;
/** So many tries are all, unless this many bytes more came in between. */
const TRIES = 10;
const PROGRESS_BYTES = 65_536;
/** What is to be waited longer for is told instead. */
const WAIT_MS = 60_000;
/** Answers of driftd and of what is between that may be others soon. */
const PASSING = new Set([408, 409, 429, 502, 503, 504]);
/** Who takes no parts, or has no room for them, may still take the file at once. */
const NO_PARTS = new Set([405, 429, 501, 503]);
const BACKOFF = createBackoff({ baseMs: 500, capMs: 15_000, floorMs: 100 });

/** What is known of an upload. */
export interface Found {
  readonly known: UploadResult | null;
  /** Bytes that are there; null: parts are not taken there. */
  readonly offset: number | null;
}

/** A file on its way. */
export interface Sending {
  /** Of its upload, below `/api/v1/models/`. */
  readonly address: string;
  /** What is said of it, as in an address. */
  readonly query: string;
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly look: () => Promise<Found>;
  readonly onProgress?: (share: number) => void;
}

/** It may be tried again. */
class Passing extends Error {
  readonly why: DriftdError;
  readonly afterMs: number;

  /** @param why what is told when it was the last try */
  constructor(why: DriftdError, afterMs = 0) {
    super(why.message);
    this.why = why;
    this.afterMs = afterMs;
  }
}

/**
 * Sends a file in parts: when a connection breaks it asks where to go on, and goes on from there.
 * @param found before anything is sent
 * @returns null: parts of it are not taken there
 * @throws DriftdError what the server refuses; DAEMON_UNREACHABLE, DAEMON_BUSY when no try brings it any further
 */
export async function sendInParts(
  asking: Asking,
  sending: Sending,
  found: Found,
  backoff: Backoff = BACKOFF,
): Promise<UploadResult | null> {
  let { known, offset } = found;
  let reached = offset ?? 0;
  for (let tries = 0; ; tries += 1) {
    try {
      if (tries > 0) ({ known, offset } = await unlessBroken(sending.look()));
      if (known !== null || offset === null) return known;
      if (offset >= reached + PROGRESS_BYTES) tries = 0;
      reached = Math.max(reached, offset);
      for (let next: number | null = offset; next !== null && next < sending.size;) {
        const response = await sendPart(asking, sending, next);
        if (tries === 0 && next === 0 && NO_PARTS.has(response.status)) return null;
        next = await offsetAfter(asking, response, next);
      }
      const done = asking.send('POST', `${sending.address}?${sending.query}`);
      return await accepted(asking, await unlessBroken(done));
    } catch (thrown) {
      if (!(thrown instanceof Passing)) throw thrown;
      if (tries >= TRIES) throw thrown.why;
      await sleep(Math.max(backoff.delay(tries), thrown.afterMs));
    }
  }
}

/** The next part; a connection that breaks may be another one's luck. */
async function sendPart(
  asking: Asking,
  { address, path, size, onProgress }: Sending,
  offset: number,
): Promise<Response> {
  const end = Math.min(offset + PART_BYTES, size);
  const { assertRead, ...file } = fileBody(path, offset, end, (sent) => onProgress?.(sent / size));
  const headers = {
    'content-type': 'application/offset+octet-stream',
    'upload-offset': String(offset),
  };
  try {
    return await unlessBroken(asking.send('PATCH', address, { ...file, headers }, PART_MS));
  } catch (thrown) {
    assertRead();
    throw thrown;
  }
}

/** Where to go on; that is never where it went on before, or it would for ever. */
async function offsetAfter(asking: Asking, response: Response, before: number): Promise<number> {
  if (!response.ok) await accepted(asking, response);
  const offset = offsetIn(response);
  if (offset !== null && offset > before) return offset;
  throw new DriftdError(
    'INPUT_INVALID',
    'the file has become shorter while it was sent: send it again',
  );
}

/** Where the server says to go on; null: it does not. */
export function offsetIn({ headers }: Response): number | null {
  const text = headers.get('upload-offset');
  return text === null || !/^\d{1,15}$/.test(text) ? null : Number(text);
}

/** @throws Passing where the connection breaks, or the server has too much to do */
async function unlessBroken<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (thrown) {
    if (!(thrown instanceof DriftdError)) throw thrown;
    const { code } = thrown;
    if (code !== 'DAEMON_UNREACHABLE' && code !== 'DAEMON_BUSY') throw thrown;
    throw new Passing(thrown);
  }
}

/** @throws DriftdError what is refused; Passing: for now */
async function accepted(asking: Asking, response: Response): Promise<UploadResult> {
  try {
    return await asking.read(response);
  } catch (thrown) {
    if (!(thrown instanceof DriftdError) || !PASSING.has(response.status)) throw thrown;
    const afterMs = 1_000 * Number(response.headers.get('retry-after') ?? 0);
    if (!(afterMs <= WAIT_MS)) throw thrown;
    throw new Passing(thrown, afterMs);
  }
}
