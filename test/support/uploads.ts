import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';

import { createNormal } from './baselines.ts';

const normal = createNormal(7);

/**
 * Other rows each time.
 * @param width bytes of a column that is to be ignored, so that few rows are many bytes
 */
export const paddedCsv = (rows: number, width = 0): Buffer =>
  Buffer.from(
    ['x,c,pad', ...Array.from({ length: rows }, () => `${normal()},a,${'p'.repeat(width)}`)].join(
      '\n',
    ),
  );
export const shaOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
export const uploadAt = (sha256: string, model = 'm'): string =>
  `/models/${model}/uploads/${sha256}`;
/** Folders of uploads that lie there. */
export const leftovers = async (): Promise<string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith('driftd-upload-'));

export interface UploadAnswer {
  readonly status: number;
  /** Where to go on. */
  readonly offset: string | null;
  readonly after: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

/** One request to the API. */
export async function callApi(
  url: string,
  method: string,
  path: string,
  init: RequestInit = {},
): Promise<UploadAnswer> {
  const response = await fetch(`${url}/api/v1${path}`, { method, ...init });
  const text = await response.text();
  return {
    status: response.status,
    offset: response.headers.get('upload-offset'),
    after: response.headers.get('retry-after'),
    body: text === '' ? {} : (JSON.parse(text) as UploadAnswer['body']),
  };
}

/** Sends a part. */
export const appendTo = (
  url: string,
  sha256: string,
  offset: number,
  bytes: Buffer,
  { model = 'm', type = 'application/offset+octet-stream', headers = {} } = {},
): Promise<UploadAnswer> =>
  callApi(url, 'PATCH', uploadAt(sha256, model), {
    body: new Uint8Array(bytes),
    headers: { 'content-type': type, 'upload-offset': String(offset), ...headers },
  });

/** Sends the whole at once. */
export const sendDirect = (url: string, bytes: Buffer, model = 'm'): Promise<UploadAnswer> =>
  callApi(url, 'POST', `/models/${model}/baselines?ignore=pad`, {
    body: new Uint8Array(bytes),
    headers: { 'content-type': 'text/csv' },
  });
