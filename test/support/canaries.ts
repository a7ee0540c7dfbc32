import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { configJsonSchema } from '../../src/config/spec/schema.ts';
import type { JsonSchema } from '../../src/config/spec/schema.ts';

/** Certificates and the names of authorities are public. */
const PUBLIC = new Set(['ca_file', 'cert_file']);

/** Every field of the configuration that holds a secret, or names a file that does: from the specification itself. */
export function secretFields(): string[] {
  const found: string[] = [];
  const walk = (schema: JsonSchema, at: string): void => {
    const last = at.split('.').at(-1) ?? '';
    if (schema.writeOnly === true || (last.endsWith('_file') && !PUBLIC.has(last))) found.push(at);
    for (const [key, own] of Object.entries(schema.properties ?? {}))
      walk(own, at === '' ? key : `${at}.${key}`);
    for (const branch of schema.anyOf ?? []) walk(branch, at);
    if (schema.items !== undefined) walk(schema.items, at);
  };
  walk(configJsonSchema(), '');
  return found.toSorted();
}

/** Secrets that are found again wherever they leak to. */
export interface Canaries {
  /** The secret of this field. */
  plant(field: string): string;
  /** A file in the folder that holds the secret of this field, after what stands before it. @returns its path */
  file(field: string, before?: string): string;
  readonly planted: ReadonlyMap<string, string>;
  /** Fields whose secret is in the text, as it is or encoded. */
  leaksIn(text: string): string[];
}

export function createCanaries(folder: string): Canaries {
  const planted = new Map<string, string>();
  const plant = (field: string): string => {
    const secret = planted.get(field) ?? `canary${randomBytes(18).toString('hex')}`;
    planted.set(field, secret);
    return secret;
  };
  return {
    plant,
    planted,
    file(field, before = '') {
      const name = path.join(folder, `${field}.secret`);
      writeFileSync(name, `${before}${plant(field)}\n`);
      return name;
    },
    leaksIn: (text) =>
      [...planted]
        .filter(
          ([, secret]) =>
            text.includes(secret) ||
            text.includes(Buffer.from(secret).toString('base64').slice(4, 24)),
        )
        .map(([field]) => field),
  };
}

/** Takes messages and throws them back: a far side may well repeat what it was sent. */
export interface Echo {
  readonly url: string;
  readonly heard: readonly string[];
  stop(): Promise<void>;
}

export async function startEcho(): Promise<Echo> {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      const all = `${request.url ?? ''} ${JSON.stringify(request.headers)} ${body}`;
      heard.push(all);
      response.writeHead(400, `no ${request.url ?? ''}`).end(`I do not like ${all}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    heard,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
