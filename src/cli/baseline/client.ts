import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { sha256OfFile } from '../../app/baselines/declarations.ts';
import type { BaselineDesk, UploadDeclarations } from '../../app/baselines/direct.ts';
import { DriftdError, toError } from '../../platform/errors.ts';
import { createAsking } from './asking.ts';
import { fileBody } from './file-body.ts';
import { offsetIn, sendInParts } from './in-parts.ts';
import type { Found } from './in-parts.ts';

/** Files from this size on are sent in parts, so that what breaks off goes on from there; bytes. */
const IN_PARTS_FROM = 8 * 1024 * 1024;

/**
 * The desk of a running driftd, over its API.
 * @param address like https://driftd.example.com
 * @param token null: the daemon asks for none
 * @throws DriftdError (from every call) DAEMON_UNREACHABLE, and what the desk throws itself
 */
export function createBaselineClient(address: string, token: string | null): BaselineDesk {
  const asking = createAsking(address, token);
  const { ask } = asking;
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

  async function look(
    model: string,
    sha256: string,
    name: string,
    declared: UploadDeclarations = {},
  ): Promise<Found> {
    const [, ending = '', packed] = /(\.baseline\.json|\.[a-z]+?)(\.gz)?$/i.exec(name) ?? [];
    const format = FORMAT_OF.get(ending.toLowerCase());
    if (format === undefined) return { known: null, offset: null };
    const query = new URLSearchParams({
      format,
      packed: String(packed !== undefined),
      ...columnsOf(declared),
    });
    const response = await asking.send('GET', of(model, `uploads/${sha256}?${query.toString()}`));
    if (response.status !== 404) return { known: await asking.read(response), offset: null };
    await response.body?.cancel();
    return { known: null, offset: offsetIn(response) };
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
    known: async (...of) => (await look(...of)).known,
    async upload(model, { path, validateOnly, reason, onProgress, declared = {} }) {
      const { size } = await stat(path).catch((thrown: unknown) => {
        throw new DriftdError(
          'INPUT_UNREADABLE',
          `${path} cannot be read: ${toError(thrown).message}`,
        );
      });
      const name = basename(path);
      const sha256 = await sha256OfFile(path);
      // What broke off after all was sent, or comes a second time, is not sent again.
      const found = await look(model, sha256, name, declared);
      if (found.known !== null) return found.known;
      const query = new URLSearchParams({
        name,
        validate: String(validateOnly),
        ...(reason === '' ? {} : { reason }),
        ...columnsOf(declared),
      }).toString();
      if (size >= IN_PARTS_FROM) {
        const sending = {
          address: of(model, `uploads/${sha256}`),
          query,
          path,
          size,
          look: () => look(model, sha256, name, declared),
          ...(onProgress === undefined ? {} : { onProgress }),
        };
        const done = await sendInParts(asking, sending, found);
        if (done !== null) return done;
      }
      const { assertRead, ...file } = fileBody(path, 0, size, (sent) => onProgress?.(sent / size));
      try {
        return await ask('POST', of(model, `baselines?${query}`), {
          ...file,
          headers: { 'content-type': 'application/octet-stream' },
        });
      } catch (thrown) {
        assertRead();
        throw thrown;
      }
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

/** What a file is called by the API that is called so on disk. */
const FORMAT_OF: ReadonlyMap<string, string> = new Map([
  ['.csv', 'csv'],
  ['.ndjson', 'ndjson'],
  ['.jsonl', 'ndjson'],
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
