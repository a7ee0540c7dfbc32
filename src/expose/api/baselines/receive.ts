import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import '@fastify/multipart';
import type { FastifyRequest } from 'fastify';

import { toError } from '../../../platform/errors.ts';
import { PROCESS_MARK, isOfNobody } from '../../../platform/process-name.ts';
import { Refusal } from '../../http/problem-details.ts';
import { uploadFields } from './fields.ts';
import type { UploadFields } from './fields.ts';
import { ENDING_OF, FORMATS } from './formats.ts';
import type { Format } from './formats.ts';

/** An upload may be this long as it is sent. */
export const MAX_UPLOAD_BYTES = 1024 * 1024 * 1024;
/** Characters of a name that are shown. */
const MAX_NAME = 100;
const PREFIX = 'driftd-upload-';
/** What cannot be told to be of a process that is gone is taken away after this. */
const STALE_MS = 24 * 3_600_000;

/** JSON goes by another name here: its own would be parsed whole, and in this process. */
export const STREAMED_JSON = 'application/x-streamed-json';
const FORMAT_OF: ReadonlyMap<string, Format | 'gzip' | 'any'> = new Map([
  ['text/csv', 'csv'],
  ['application/csv', 'csv'],
  ['application/x-ndjson', 'ndjson'],
  ['application/ndjson', 'ndjson'],
  ['application/jsonl', 'ndjson'],
  [STREAMED_JSON, 'json'],
  ['application/vnd.driftd.baseline+json', 'document'],
  ['application/vnd.apache.parquet', 'parquet'],
  ['application/x-parquet', 'parquet'],
  ['application/gzip', 'gzip'],
  ['application/x-gzip', 'gzip'],
  ['application/octet-stream', 'any'],
]);
/** Types whose bytes are taken as they come. */
export const RAW_TYPES = [...FORMAT_OF.keys()];
/** Types of a part of a file: bytes, whatever they are. */
export const PART_TYPES = ['application/offset+octet-stream', 'application/octet-stream'];

export interface Received {
  /** Of a name that is the server's own, but for the ending. */
  readonly path: string;
  /** What it is called: no path, no formula; only to be shown. */
  readonly name: string;
  /** What was said in the address, and in fields of the form where the address says nothing. */
  readonly said: UploadFields;
  /** Takes the file away. */
  readonly discard: () => Promise<void>;
}

/**
 * Writes an upload to a file of its own: raw with its Content-Type, or the first file of a form.
 * @param inAddress what the caller says there: its format wins over what type and name tell
 * @param now ms, to know what older uploads have left behind
 * @throws Refusal 400 | 413 | 415 | 507; nothing is left then
 */
export async function receive(
  request: FastifyRequest,
  inAddress: UploadFields,
  now: number,
): Promise<Received> {
  const part = request.isMultipart() ? await fileOf(request) : null;
  if (part === undefined) throw new Refusal(400, 'The form has no file.');
  const bytes = part === null ? (request.body as Readable | null) : part.file;
  const said = { ...fieldsOf(part), ...inAddress };
  if (bytes === null || typeof bytes !== 'object' || !('pipe' in bytes)) {
    const text = `Send a file with its Content-Type (${RAW_TYPES.filter((type) => type !== STREAMED_JSON).join(', ')}, application/json), or a form with one.`;
    throw new Refusal(415, text);
  }
  const type = (part?.mimetype ?? request.headers['content-type'] ?? '').split(';', 1)[0] ?? '';
  const encoding = part === null ? request.headers['content-encoding'] : undefined;
  const { stem, ending } = fileName(said.name ?? part?.filename ?? '', type, encoding, said.format);
  void removeStale(now);
  const folder = await uploadFolder().catch(refuseFull);
  const discard = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const path = join(folder, `upload${ending}`);
    await pipeline(bytes, limited(), createWriteStream(path, { mode: 0o600 }));
    if (part?.file.truncated === true) throw tooLarge();
    return { path, name: `${stem}${ending}`, said, discard };
  } catch (thrown) {
    await discard();
    return refuseFull(thrown);
  }
}

/** Makes a folder for the bytes of one upload, of a name that tells whose it is. */
export function uploadFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), `${PREFIX}${PROCESS_MARK}`));
}

/** @throws what is given; Refusal 507 in place of what a full disk throws */
export function refuseFull(thrown: unknown): never {
  const { code } = thrown as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') throw thrown;
  const text = 'The disk that uploads are put on is full; come again when there is room on it.';
  throw new Refusal(507, text, { 'retry-after': '60' });
}

/** The first file of a form; whatever is wrong with the form is the caller's to mend. */
async function fileOf(request: FastifyRequest): ReturnType<FastifyRequest['file']> {
  try {
    return await request.file();
  } catch (thrown) {
    const error = toError(thrown) as Error & { readonly statusCode?: number };
    if (error.statusCode !== undefined) throw error;
    throw new Refusal(400, `The form cannot be read: ${error.message}`);
  }
}

/**
 * The fields of a form that come before its file.
 * @throws Refusal 400 naming the field
 */
function fieldsOf(part: Awaited<ReturnType<typeof fileOf>> | null): UploadFields {
  const given = Object.entries(part?.fields ?? {}).flatMap(([key, field]) =>
    field !== undefined && 'value' in field && typeof field.value === 'string'
      ? [[key, field.value] as const]
      : [],
  );
  const parsed = uploadFields.strict().safeParse(Object.fromEntries(given));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue?.path.join('.') ?? '';
  throw new Refusal(400, `The form's field ${at}: ${issue?.message ?? 'it is wrong'}.`);
}

/**
 * A name that is no path and no formula, and the ending that tells the format.
 * @param type of the body @param encoding `gzip`, or undefined: it is not packed, unless its name says so
 * @throws Refusal 415 | 422
 */
export function fileName(
  given: string,
  type: string,
  encoding: string | undefined,
  format: Format | undefined,
): { readonly stem: string; readonly ending: string } {
  const plain = Array.from(
    (given.split(/[/\\]/).at(-1) ?? '').normalize('NFC').replace(/[^\p{L}\p{N}._-]/gu, '_'),
  )
    .slice(-MAX_NAME)
    .join('')
    .replace(/^[.\-_]+/, '');
  const known = /^(.*?)(\.baseline\.json|\.csv|\.ndjson|\.jsonl|\.json|\.parquet)?(\.gz)?$/i.exec(
    plain,
  );
  const stem = known?.[1] === undefined || known[1] === '' ? 'upload' : known[1];
  const told = FORMAT_OF.get(type === 'application/json' ? STREAMED_JSON : type);
  if (encoding !== undefined && encoding !== 'gzip' && encoding !== 'identity')
    throw new Refusal(415, `The encoding ${encoding.slice(0, 40)} is not read here, gzip is.`);
  const byType = told === 'gzip' || told === 'any' ? undefined : told;
  const ending = (ENDING_OF[format ?? byType ?? 'csv'] as string | undefined) ?? '';
  const wanted = format === undefined && byType === undefined ? known?.[2]?.toLowerCase() : ending;
  // JSON rows may be a document, too; a name that says so is taken at its word.
  const final = wanted === '.json' && known?.[2] === '.baseline.json' ? known[2] : wanted;
  if (final === undefined)
    throw new Refusal(422, `Say what it is: ?format= one of ${FORMATS.join(', ')}.`);
  const packed = told === 'gzip' || encoding === 'gzip' || known?.[3] !== undefined;
  if (!packed) return { stem, ending: final };
  if (final === '.parquet' || final === '.baseline.json')
    throw new Refusal(422, `${final} is not read packed; send it as it is.`);
  return { stem, ending: `${final}.gz` };
}

export function tooLarge(): Refusal {
  return new Refusal(413, `An upload may have ${MAX_UPLOAD_BYTES} bytes.`);
}

function limited(): Transform {
  let total = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      total += chunk.length;
      if (total > MAX_UPLOAD_BYTES) done(tooLarge());
      else done(null, chunk);
    },
    flush(done) {
      if (total === 0) done(new Refusal(400, 'The file is empty.'));
      else done();
    },
  });
}

/**
 * Takes away what killed processes have left of uploads.
 * @param now ms
 * @param isFirst at the start: what is of this process's number is of one before it, as in a container started again
 */
export async function removeStale(now: number, isFirst = false): Promise<void> {
  try {
    for (const name of await readdir(tmpdir())) {
      if (!name.startsWith(PREFIX)) continue;
      const folder = join(tmpdir(), name);
      if (
        isOfNobody(name.slice(PREFIX.length), isFirst) ||
        now - (await stat(folder)).mtimeMs > STALE_MS
      )
        await rm(folder, { recursive: true, force: true });
    }
  } catch {
    // Another process is as quick; there is a next time.
  }
}
