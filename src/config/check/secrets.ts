import { pathFrom, readTextFile } from '../../platform/files.ts';
import type { Path } from '../document/problems.ts';
import { readReceiverSecrets } from './receiver-secrets.ts';
import type { ReceiverSecrets } from './receiver-secrets.ts';
import type { Tell } from './tell.ts';
import type { ValidParts } from './valid-parts.ts';

const MAX_SECRET_BYTES = 64 * 1024;

/** Everything that was read from files, or given in their stead. null: not given. */
export interface Secrets {
  readonly postgresUrl: string | null;
  readonly saslPassword: string | null;
  readonly smtpPassword: string | null;
  readonly receivers: ReceiverSecrets;
  readonly tlsCa: string | null;
  readonly tlsCert: string | null;
  readonly tlsKey: string | null;
  readonly adminToken: string | null;
}

/** Reads the `*_file` secrets; relative paths count from `folder`. Tells each that is missing, doubled or empty. */
export async function readSecrets(parts: ValidParts, folder: string, tell: Tell): Promise<Secrets> {
  const file = async (path: Path, name: string | undefined): Promise<string | null> => {
    if (name === undefined) return null;
    const full = pathFrom(folder, name);
    const read = await readTextFile(full, MAX_SECRET_BYTES);
    if (!read.ok) {
      tell(path, `${full} cannot be read: ${read.reason}`);
      return null;
    }
    const text = read.text.replace(/\r?\n$/, '');
    if (text === '') tell(path, `${full} is empty, write the secret into it`);
    return text;
  };
  const either = async (
    section: Path,
    key: string,
    given: { value: string | undefined; file: string | undefined; required: boolean },
  ): Promise<string | null> => {
    if (given.value !== undefined && given.file !== undefined) {
      tell([...section, `${key}_file`], `${key} is given too, keep one of the two`);
      return given.value;
    }
    if (
      given.required &&
      !parts.has([...section, key]) &&
      !parts.has([...section, `${key}_file`])
    ) {
      tell(section, `${key} is missing, give ${key} or ${key}_file`);
    }
    return given.value ?? (await file([...section, `${key}_file`], given.file));
  };
  const { http, kafka, postgres, smtp } = parts;
  const sasl = kafka?.sasl;
  const tls = typeof kafka?.tls === 'object' ? kafka.tls : undefined;
  const postgresUrl = await either(['postgres'], 'url', {
    value: postgres?.url,
    file: postgres?.url_file,
    required: postgres !== null,
  });
  if (postgresUrl !== null && postgresUrl !== '' && !/^postgres(ql)?:\/\//.test(postgresUrl)) {
    const path = postgres?.url === undefined ? ['postgres', 'url_file'] : ['postgres', 'url'];
    tell(
      path,
      'this is no connection string, write it like postgres://user:password@host:5432/driftd',
    );
  }
  const adminToken = await file(['http', 'admin_token_file'], http?.admin_token_file);
  if (adminToken !== null && adminToken !== '' && !/^[\w.~+/=-]{32,512}$/.test(adminToken)) {
    tell(
      ['http', 'admin_token_file'],
      'it must hold 32 to 512 letters, digits and . _ ~ + / = -; `openssl rand -hex 32` makes one',
    );
  }
  return {
    postgresUrl,
    saslPassword: await either(['kafka', 'sasl'], 'password', {
      value: sasl?.password,
      file: sasl?.password_file,
      required: sasl !== undefined && sasl.token_file === undefined,
    }),
    smtpPassword: await either(['smtp'], 'password', {
      value: smtp?.password,
      file: smtp?.password_file,
      required: false,
    }),
    receivers: await readReceiverSecrets(parts, either, tell),
    tlsCa: await file(['kafka', 'tls', 'ca_file'], tls?.ca_file),
    tlsCert: await file(['kafka', 'tls', 'cert_file'], tls?.cert_file),
    tlsKey: await file(['kafka', 'tls', 'key_file'], tls?.key_file),
    adminToken,
  };
}
