import { parseDuration } from '../duration.ts';
import { isLoopback, parseHostPort } from '../host-port.ts';
import type { Path } from '../document/problems.ts';
import { suggestion } from '../document/nearest.ts';
import type { Tell } from './tell.ts';
import type { ValidParts } from './valid-parts.ts';

export function checkServices(parts: ValidParts, tell: Tell): void {
  checkListener(parts, tell);
  checkKafka(parts, tell);
  checkReplay(parts, tell);
  checkHttpSource(parts, tell);
  if (parts.ingest !== null) {
    between(
      ['ingest', 'checkpoint_interval'],
      parts.ingest.checkpoint_interval,
      '10ms',
      '60s',
      tell,
    );
    const { dedup_window: window } = parts.ingest;
    if (window !== undefined) between(['ingest', 'dedup_window'], window, '1m', '1d', tell);
    between(['ingest', 'future_tolerance'], parts.ingest.future_tolerance, '0s', '1d', tell);
  }
  if (parts.retention !== null) {
    const { hours, days } = parts.retention;
    between(['retention', 'hours'], hours, '9d', '3650d', tell);
    // Never shorter than what it is made of.
    between(['retention', 'days'], days, hours, '36500d', tell);
  }
}

function checkListener({ http }: ValidParts, tell: Tell): void {
  if (http === null) return;
  const listen = parseHostPort(http.listen);
  if (listen === null) {
    tell(
      ['http', 'listen'],
      `"${http.listen}" has no port from 0 to 65535, write it like "127.0.0.1:8080"`,
    );
  }
  if (http.auth === 'none' && http.admin_token_file !== undefined) {
    tell(['http', 'admin_token_file'], 'is of no use with "auth: none", take one of the two out');
  }
}

function checkKafka({ kafka, modelNames }: ValidParts, tell: Tell): void {
  if (kafka === null) return;
  kafka.brokers.forEach((broker, i) => {
    const port = parseHostPort(broker)?.port ?? 0;
    if (port === 0) {
      tell(
        ['kafka', 'brokers', i],
        `"${broker}" has no port from 1 to 65535, write it like "127.0.0.1:9092"`,
      );
    }
  });
  const seen = new Set<string>();
  kafka.topics.forEach((topic, i) => {
    if (seen.has(topic.name))
      tell(['kafka', 'topics', i, 'name'], `"${topic.name}" is listed before, name it once`);
    seen.add(topic.name);
    checkMapping(['kafka', 'topics', i, 'mapping'], topic.mapping, modelNames, tell);
  });
  const letters = kafka.dead_letter?.topic;
  if (letters !== undefined && seen.has(letters))
    tell(
      ['kafka', 'dead_letter', 'topic'],
      `"${letters}" is read, too: every bad record would come again for ever`,
    );
  between(['kafka', 'session_timeout'], kafka.session_timeout, '1s', '30m', tell);
  if (
    typeof kafka.tls === 'object' &&
    (kafka.tls.cert_file === undefined) !== (kafka.tls.key_file === undefined)
  ) {
    tell(['kafka', 'tls'], 'a client certificate needs both cert_file and key_file');
  }
  if (kafka.sasl !== undefined) checkSasl(kafka.sasl, tell);
}

function checkSasl(sasl: NonNullable<NonNullable<ValidParts['kafka']>['sasl']>, tell: Tell): void {
  const path = ['kafka', 'sasl'];
  const { mechanism, username, token_file: file, token_url: url } = sasl;
  if (mechanism !== 'oauthbearer') {
    for (const key of ['token_file', 'token_url', 'token_scope'] as const)
      if (sasl[key] !== undefined) tell([...path, key], `${key} is for mechanism oauthbearer only`);
  } else if ((file === undefined) === (url === undefined)) {
    tell(path, 'oauthbearer needs either token_url or token_file');
  }
  if (file === undefined && username === undefined)
    tell(path, 'username is missing, give the name to log in with');
  if (url !== undefined && !isTokenUrl(url))
    tell(
      [...path, 'token_url'],
      'this is no https address without user name and password, write it like https://login.example.com/oauth2/token (http is for this machine only)',
    );
}

function isTokenUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

function checkReplay({ replay, modelNames }: ValidParts, tell: Tell): void {
  if (replay === null) return;
  const { format, mapping } = replay;
  checkMapping(['replay', 'mapping'], mapping, modelNames, tell);
  for (const [key, said, other] of [
    ['model', mapping.model ?? mapping.name, 'mapping.model or mapping.name'],
    ['time_column', mapping.time, 'mapping.time'],
  ] as const) {
    const given = replay[key] !== undefined;
    if (format === 'ndjson') {
      if (given)
        tell(['replay', key], `is only for rows: events of ndjson have ${other}, take it out`);
    } else if (!given && said === undefined)
      tell(['replay'], `${format} rows need ${key} to become events, add it`);
    else if (given && said !== undefined)
      tell(['replay', key], `says the same as ${other}, take one out`);
  }
  if (format !== 'ndjson' && replay.event_format !== 'auto')
    tell(['replay', 'event_format'], `is only for ndjson: ${format} rows are flat, take it out`);
  if (replay.model !== undefined) checkModel(['replay', 'model'], replay.model, modelNames, tell);
}

function checkHttpSource({ httpSource, modelNames }: ValidParts, tell: Tell): void {
  if (httpSource === null) return;
  checkMapping(['http_source', 'mapping'], httpSource.mapping, modelNames, tell);
  const { max_body_bytes: body, max_waiting_bytes: waiting } = httpSource;
  // With what is kept about each event a body may take more than its size.
  if (waiting < 4 * body)
    tell(
      ['http_source', 'max_waiting_bytes'],
      `must be at least four times max_body_bytes, ${4 * body}`,
    );
}

function checkMapping(
  path: Path,
  { model, models = {} }: NonNullable<ValidParts['replay']>['mapping'],
  modelNames: readonly string[],
  tell: Tell,
): void {
  if (model !== undefined) checkModel([...path, 'model'], model, modelNames, tell);
  for (const [name, its] of Object.entries(models))
    checkModel([...path, 'models', name], its, modelNames, tell);
}

function checkModel(path: Path, model: string, modelNames: readonly string[], tell: Tell): void {
  if (modelNames.includes(model)) return;
  tell(path, `there is no model "${model}", ${suggestion(model, modelNames, 'models')}`);
}

/** Tells a duration that lies outside [least, most]. */
export function between(
  path: Path,
  written: string,
  least: string,
  most: string,
  tell: Tell,
): void {
  const ms = parseDuration(written) ?? NaN;
  if (ms >= (parseDuration(least) ?? 0) && ms <= (parseDuration(most) ?? Infinity)) return;
  tell(path, `${written} is out of range: from ${least} to ${most}`);
}
