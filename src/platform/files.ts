import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
  ELOOP: 'its links go round in a circle',
  EMFILE: 'too many files are open',
};

/** Why a file operation failed, in words for people. */
export function fileReason(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    return REASONS[error.code] ?? error.code;
  }
  return error instanceof Error ? error.message : String(error);
}

export type TextFile =
  { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string };

/** A UTF-8 text file, whole, without a byte-order mark. Never throws: a reason in words when it cannot be read. */
export async function readTextFile(path: string, maxBytes: number): Promise<TextFile> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > maxBytes) {
      return { ok: false, reason: `it has ${bytes.length} bytes, at most ${maxBytes} are read` };
    }
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (error) {
    if (error instanceof TypeError) return { ok: false, reason: 'it is no UTF-8 text' };
    return { ok: false, reason: fileReason(error) };
  }
}

/** A path that counts from `folder` unless it is absolute. */
export function pathFrom(folder: string, path: string): string {
  return resolve(folder, path);
}

/** The absolute folder of a file. */
export function folderOf(file: string): string {
  return dirname(resolve(file));
}
