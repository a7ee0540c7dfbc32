import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { sha256OfFile } from '../../app/baselines/declarations.ts';
import type { BaselineDesk, UploadDeclarations, UploadResult } from '../../app/baselines/direct.ts';
import { DriftdError, toError } from '../../platform/errors.ts';
import type { ErrorCode } from '../../platform/errors.ts';

/** Looking at many days takes its time, and so does a large file. */
const ANSWER_MS = 900_000;

/**
 * The desk of a running driftd, over its API.
 * @param address like https://driftd.example.com
 * @param token null: the daemon asks for none
 * @throws DriftdError (from every call) DAEMON_UNREACHABLE, and what the desk throws itself
 */
export function createBaselineClient(address: string, token: string | null): BaselineDesk {
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };

  async function ask<T>(method: 'GET' | 'POST', path: string, sent: RequestInit = {}): Promise<T> {
    if (!URL.canParse(address))
      throw unreachable('this is no address, write it like http://127.0.0.1:8080');
    let response: Response;
    try {
      response = await fetch(new URL(`/api/v1/models/${path}`, address), {
        method,
        ...sent,
        headers: { ...authorization, ...(sent.headers as Record<string, string> | undefined) },
        signal: AbortSignal.timeout(ANSWER_MS),
        redirect: 'error',
      });
    } catch (thrown) {
      const { cause, message } = toError(thrown);
      throw unreachable(cause instanceof Error && cause.message !== '' ? cause.message : message);
    }
    const body = (await response.json().catch(() => null)) as T | { detail?: string } | null;
    if (response.ok && body !== null) return body as T;
    const detail = (body as { detail?: string } | null)?.detail ?? 'without a reason';
    const code = CODE_OF[response.status];
    if (code === undefined) throw unreachable(`${response.status}, ${detail}`);
    const after = response.headers.get('retry-after');
    const again = after === null ? '' : ` (in ${after} seconds)`;
    throw new DriftdError(code, `${detail}${again}`);
  }
  const unreachable = (why: string): DriftdError =>
    new DriftdError('DAEMON_UNREACHABLE', `driftd at ${address} does not do it: ${why}`);

  const post = <T>(path: string, body: object): Promise<T> =>
    ask('POST', path, {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
  const of = (model: string, rest: string): string => `${encodeURIComponent(model)}/${rest}`;
  /** All pages of a list. */
  async function items<T>(path: string): Promise<T[]> {
    const all: T[] = [];
    let cursor: string | null = null;
    do {
      const page: { items: T[]; next?: string | null } = await ask(
        'GET',
        cursor === null ? path : `${path}?cursor=${cursor}`,
      );
      all.push(...page.items);
      cursor = page.next ?? null;
    } while (cursor !== null);
    return all;
  }
  // The server knows who asks by the token.
  const why = ({ reason }: { readonly reason: string }) => (reason === '' ? {} : { reason });

  async function known(
    model: string,
    sha256: string,
    name: string,
    declared: UploadDeclarations = {},
  ): Promise<UploadResult | null> {
    const [, ending = '', packed] = /(\.baseline\.json|\.[a-z]+?)(\.gz)?$/i.exec(name) ?? [];
    const format = FORMAT_OF.get(ending.toLowerCase());
    if (format === undefined) return null;
    const query = new URLSearchParams({
      format,
      packed: String(packed !== undefined),
      ...columnsOf(declared),
    });
    try {
      return await ask('GET', of(model, `uploads/${sha256}?${query.toString()}`));
    } catch (thrown) {
      if (thrown instanceof DriftdError && thrown.code === 'BASELINE_UNKNOWN') return null;
      throw thrown;
    }
  }

  return {
    list: (model) => items(of(model, 'baselines')),
    events: (model) => items(of(model, 'baseline-events')),
    show: (model, version) => ask('GET', of(model, `baselines/${version}`)),
    diff: (model, version, against) =>
      ask(
        'GET',
        of(model, `baselines/${version}/diff${against === null ? '' : `?against=${against}`}`),
      ),
    shadow: (model, version, days) => items(of(model, `baselines/${version}/shadow?days=${days}`)),
    activate: (model, version, change, at) =>
      post(of(model, `baselines/${version}/activate`), {
        ...why(change),
        ...(at === null ? {} : { at: new Date(at).toISOString() }),
      }),
    unschedule: (model, version, change) =>
      post(of(model, `baselines/${version}/unschedule`), why(change)),
    discard: (model, version, change) =>
      post(of(model, `baselines/${version}/discard`), why(change)),
    rollback: (model, change) => post(of(model, 'baselines/rollback'), why(change)),
    document: (model, version) => ask('GET', of(model, `baselines/${version}/document`)),
    known,
    async upload(model, { path, validateOnly, reason, onProgress, declared = {} }) {
      const { size } = await stat(path).catch((thrown: unknown) => {
        throw new DriftdError(
          'INPUT_UNREADABLE',
          `${path} cannot be read: ${toError(thrown).message}`,
        );
      });
      // What broke off after all was sent, or comes a second time, is not sent again.
      const there = await known(model, await sha256OfFile(path), basename(path), declared);
      if (there !== null) return there;
      let sent = 0;
      const file = createReadStream(path).on('data', (chunk) => {
        sent += chunk.length;
        onProgress?.(sent / size);
      });
      const query = new URLSearchParams({
        name: basename(path),
        validate: String(validateOnly),
        ...(reason === '' ? {} : { reason }),
        ...columnsOf(declared),
      });
      return ask('POST', of(model, `baselines?${query.toString()}`), {
        body: Readable.toWeb(file),
        duplex: 'half',
        headers: { 'content-type': 'application/octet-stream' },
      });
    },
    replay: (model, { topic, from, to }, change) =>
      post(of(model, 'baselines/replay'), {
        ...why(change),
        topic,
        from: new Date(from).toISOString(),
        to: new Date(to).toISOString(),
      }),
    promote: (model, from, to, change) =>
      post(of(model, 'baselines/promote'), {
        ...why(change),
        from: new Date(from).toISOString(),
        to: new Date(to).toISOString(),
      }),
  };
}

/** Answers of the API as the errors they are here. */
const CODE_OF: Readonly<Partial<Record<number, ErrorCode>>> = {
  400: 'INPUT_INVALID',
  401: 'ACCESS_REFUSED',
  403: 'ACCESS_REFUSED',
  404: 'BASELINE_UNKNOWN',
  409: 'BASELINE_INVALID',
  413: 'BASELINE_INVALID',
  415: 'BASELINE_INVALID',
  422: 'BASELINE_INVALID',
  429: 'DAEMON_BUSY',
  503: 'DAEMON_BUSY',
};

/** What a file is called by the API that is called so on disk. */
const FORMAT_OF: ReadonlyMap<string, string> = new Map([
  ['.csv', 'csv'],
  ['.ndjson', 'ndjson'],
  ['.json', 'json'],
  ['.parquet', 'parquet'],
  ['.baseline.json', 'document'],
]);

function columnsOf({ categories, unit, ...declared }: UploadDeclarations): Record<string, string> {
  const lists = Object.entries(declared)
    .map(([key, names]): [string, string] => [key, [names].flat().join(',')])
    .filter(([, names]) => names !== '');
  return {
    ...Object.fromEntries(lists),
    ...(categories === undefined ? {} : { categories: JSON.stringify(categories) }),
    ...(unit === undefined ? {} : { unit: JSON.stringify(unit) }),
  };
}
