import { constants } from 'node:fs';
import { open, rename, rm, utimes } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

import type { Clock } from '../../../platform/clock.ts';
import { Refusal } from '../../http/problem-details.ts';
import { MAX_UPLOAD_BYTES, refuseFull, tooLarge, uploadFolder } from './receive.ts';

/** Without a byte for so long a part of an upload is forgotten. */
export const FORGOTTEN_MS = 3_600_000;
/** A sender that brings nothing for so long is cut off when another one comes. */
const STALLED_MS = 10_000;
/** Who broke off may be here again before that is noticed. */
const SOON = { 'retry-after': '2' };
const LATER = { 'retry-after': '10' };
const NO_ROOM = { 'retry-after': '60' };

/** Whose bytes of what: others neither see nor spoil them. */
export interface PartialKey {
  readonly caller: string;
  readonly model: string;
  /** Of the whole file, in hex. */
  readonly sha256: string;
}

/** What all of them together may take of the disk that uploads are put on. */
interface PartialLimits {
  readonly uploads: number;
  /** Of one caller, so that others find room. */
  readonly ofCaller: number;
  readonly bytes: number;
  /** Of each, as of an upload that comes at once. */
  readonly uploadBytes: number;
}

const LIMITS: PartialLimits = {
  uploads: 8,
  ofCaller: 4,
  bytes: 2 * MAX_UPLOAD_BYTES,
  uploadBytes: MAX_UPLOAD_BYTES,
};

/** A file that is all there, as its sender says; nobody adds to it until it is given back. */
export interface Claimed {
  readonly path: string;
  /** Takes it away. */
  readonly discard: () => Promise<void>;
  /** Keeps it, to be claimed again. */
  readonly release: () => void;
}

/** Uploads that come in parts, kept by this process alone: what came stays when its connection breaks. */
export interface Partials {
  /** Bytes that are here. */
  received(key: PartialKey): number;
  /**
   * Adds bytes at the end. What broke off, or found no room, keeps what came; what is too large is taken away.
   * @param offset where they begin
   * @param length of them as announced; null: nobody said
   * @returns bytes that are here now
   * @throws Refusal 400 (it broke off) | 409 | 413 | 429 | 503 | 507
   */
  append(key: PartialKey, offset: number, bytes: Readable, length: number | null): Promise<number>;
  /** @param ending of the file's name, which tells its format @throws Refusal 409 */
  claim(key: PartialKey, ending: string): Promise<Claimed>;
  /** Takes away those that nothing came of for an hour. */
  forget(): Promise<void>;
  /** Takes all away but those that are claimed, and takes no more. */
  close(): Promise<void>;
}

interface Part {
  readonly caller: string;
  folder: string | null;
  path: string;
  received: number;
  /** When anything was heard of it last, ms. */
  heard: number;
  user: User | null;
}

interface User {
  /** Ends it, and waits for that; null: it is being read, which nobody ends. */
  readonly cut: (() => Promise<void>) | null;
}

export function createPartials(
  clock: Pick<Clock, 'now'>,
  limits = LIMITS,
  files: { readonly open: typeof open } = { open },
): Partials {
  const parts = new Map<string, Part>();
  let closed = false;

  async function discard(id: string, part: Part): Promise<void> {
    if (parts.get(id) === part) parts.delete(id);
    if (part.folder !== null) await rm(part.folder, { recursive: true, force: true });
  }
  async function forget(): Promise<void> {
    const before = clock.now() - FORGOTTEN_MS;
    const old = [...parts].filter(([, { user, heard }]) => user === null && heard <= before);
    // Off the list first: nobody goes on with what is about to go.
    for (const [id] of old) parts.delete(id);
    await Promise.all(old.map(([id, part]) => discard(id, part)));
  }
  /** Waits until nobody uses it; a sender that has fallen silent is cut off. */
  async function free(id: string): Promise<void> {
    const part = parts.get(id);
    if (part === undefined || part.user === null) return;
    const { cut } = part.user;
    if (cut === null) throw new Refusal(409, 'It is being read; ask for it later.', LATER);
    if (clock.now() - part.heard < STALLED_MS) throw isSent();
    await cut();
  }
  /** From here on nothing waits until it is taken: of two that come at once one finds the other. */
  function idle(id: string): Part | undefined {
    if (closed) throw new Refusal(503, 'driftd is stopping; come again.', LATER);
    const part = parts.get(id);
    if (part === undefined || part.user === null) return part;
    throw isSent();
  }
  function begin(id: string, caller: string): Part {
    const own = [...parts.values()].filter((part) => part.caller === caller).length;
    const or = 'send it at once, or come again.';
    if (own >= limits.ofCaller)
      throw new Refusal(429, `${own} uploads of yours are here in part; ${or}`, NO_ROOM);
    if (parts.size >= limits.uploads)
      throw new Refusal(503, `${parts.size} uploads are here in part; ${or}`, NO_ROOM);
    const part = { caller, folder: null, path: '', received: 0, heard: clock.now(), user: null };
    parts.set(id, part);
    return part;
  }
  function assertRoom(part: Part, more: number): void {
    if (part.received + more > limits.uploadBytes) throw tooLarge();
    const all = [...parts.values()].reduce((sum, { received }) => sum + received, 0);
    if (all + more <= limits.bytes) return;
    const text = 'Uploads that are here in part take all the room there is for them; come again.';
    throw new Refusal(503, text, NO_ROOM);
  }
  async function write(part: Part, bytes: Readable): Promise<void> {
    part.folder ??= await uploadFolder();
    if (part.path === '') part.path = join(part.folder, 'upload');
    const now = clock.now() / 1000;
    // Whoever looks for what killed processes have left sees that this one is in use.
    await utimes(part.folder, now, now);
    const file = await files.open(part.path, constants.O_WRONLY | constants.O_CREAT, 0o600);
    try {
      // Without destroying it: a refusal can still be told to who sends.
      const chunks = bytes.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
      for await (const chunk of chunks) {
        assertRoom(part, chunk.length);
        await writeAll(file, chunk, part);
        part.heard = clock.now();
      }
    } finally {
      // What is still to come after a refusal comes to nothing: who sends can read the answer then.
      bytes.resume();
      await file.close();
    }
  }

  return {
    received: (key) => parts.get(idOf(key))?.received ?? 0,
    async append(key, offset, bytes, length) {
      await forget();
      const id = idOf(key);
      await free(id);
      const known = idle(id);
      const here = known?.received ?? 0;
      if (offset !== here) throw elsewhere(`${here} bytes of it are here, not ${offset}`, here);
      if (length === 0) return here;
      const part = known ?? begin(id, key.caller);
      const ended = Promise.withResolvers<undefined>();
      const cut = async (): Promise<void> => {
        bytes.destroy();
        await ended.promise;
      };
      part.heard = clock.now();
      part.user = { cut };
      try {
        assertRoom(part, length ?? 0);
        await write(part, bytes).catch(refuseFull);
        return part.received;
      } catch (thrown) {
        if (thrown instanceof Refusal && thrown.statusCode === 413) part.received = 0;
        if (part.received > 0 && isGone(thrown)) {
          part.received = 0;
          throw elsewhere('nothing of it is here any more', 0);
        }
        // Nobody is there to be told: that it says so is for who counts answers.
        if (bytes.destroyed && !bytes.readableEnded && !(thrown instanceof Refusal))
          throw new Refusal(400, `It broke off; ${part.received} bytes of it are here.`);
        throw thrown;
      } finally {
        if (part.received === 0) await discard(id, part);
        part.user = null;
        ended.resolve(undefined);
      }
    },
    async claim(key, ending) {
      await forget();
      const id = idOf(key);
      await free(id);
      const part = idle(id);
      if (part === undefined || part.folder === null) throw elsewhere('nothing of it is here', 0);
      part.user = { cut: null };
      const path = join(part.folder, `upload${ending}`);
      try {
        await rename(part.path, path);
      } catch {
        await discard(id, part);
        throw elsewhere('nothing of it is here any more', 0);
      }
      part.path = path;
      return {
        path,
        discard: () => discard(id, part),
        release() {
          part.heard = clock.now();
          part.user = null;
        },
      };
    },
    forget,
    async close() {
      closed = true;
      await Promise.all([...parts.values()].map(async ({ user }) => user?.cut?.()));
      const left = [...parts].filter(([, { user }]) => user === null);
      await Promise.all(left.map(([id, part]) => discard(id, part)));
    },
  };
}

/** No name of a file: only a key in memory. */
function idOf({ caller, model, sha256 }: PartialKey): string {
  return JSON.stringify([caller, model, sha256]);
}

function isSent(): Refusal {
  return new Refusal(409, 'Another request is sending it; come again when that is done.', SOON);
}

function elsewhere(what: string, here: number): Refusal {
  return new Refusal(409, `${what}: go on at Upload-Offset ${here}.`, {
    'upload-offset': String(here),
  });
}

/** Something else has cleared the folder of temporary files. */
function isGone(thrown: unknown): boolean {
  return (thrown as NodeJS.ErrnoException).code === 'ENOENT';
}

/** Counts what is on disk, also when only some of it is. */
async function writeAll(file: FileHandle, chunk: Buffer, part: Part): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    const { bytesWritten } = await file.write(chunk, done, chunk.length - done, part.received);
    done += bytesWritten;
    part.received += bytesWritten;
  }
}
