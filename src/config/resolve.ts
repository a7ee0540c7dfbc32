import { pathFrom } from '../platform/files.ts';
import type { Secrets } from './check/secrets.ts';
import { resolveDelivery } from './delivery.ts';
import { parseDuration } from './duration.ts';
import { isLoopback, parseHostPort } from './host-port.ts';
import { resolvePolicy } from './policy.ts';
import { model as modelSpec } from './spec/monitoring.ts';
import type { ConfigDocument } from './spec/spec.ts';
import { WINDOW_SPANS } from './types.ts';
import type {
  DriftdConfig,
  EventMapping,
  FeatureConfig,
  HttpConfig,
  KafkaConfig,
  KafkaSaslConfig,
  ModelConfig,
  MonitorConfig,
  ReplayConfig,
  SmtpConfig,
} from './types.ts';

/**
 * The typed configuration of a document that passed every check: units resolved, secrets put in, relative paths made
 * absolute from `folder`.
 */
export function resolveConfig(
  document: ConfigDocument,
  secrets: Secrets,
  folder: string,
): DriftdConfig {
  const { baselines, ingest, postgres } = document;
  return {
    kafka: document.kafka === undefined ? null : kafkaConfig(document.kafka, secrets, folder),
    replay: document.replay === undefined ? null : replayConfig(document.replay, folder),
    postgres: { url: secrets.postgresUrl ?? '', pool: postgres.pool },
    http: httpConfig(document.http, secrets),
    log: { level: document.log.level },
    ingest: {
      checkpointIntervalMs: ms(ingest.checkpoint_interval),
      checkpointRecords: ingest.checkpoint_records,
      checkpointBytes: ingest.checkpoint_bytes,
      futureToleranceMs: ms(ingest.future_tolerance),
      dedupWindowMs: ingest.dedup_window === undefined ? null : ms(ingest.dedup_window),
      quarantinePayload: ingest.quarantine_payload,
    },
    httpSource: document.http_source === undefined ? null : httpSourceConfig(document.http_source),
    retention: { hoursMs: ms(document.retention.hours), daysMs: ms(document.retention.days) },
    baselines: {
      directory: baselines.directory === undefined ? null : pathFrom(folder, baselines.directory),
    },
    models: document.models.map(modelConfig),
    monitors: document.monitors.map(monitorConfig),
    ...resolveDelivery(document, secrets.receivers),
    smtp: document.smtp === undefined ? null : smtpConfig(document.smtp, secrets),
  };
}

/** The duration of a text that the spec has let through. */
function ms(duration: string): number {
  const value = parseDuration(duration);
  if (value === null) throw new RangeError(`the spec let "${duration}" through as a duration`);
  return value;
}

function kafkaConfig(
  kafka: NonNullable<ConfigDocument['kafka']>,
  secrets: Secrets,
  folder: string,
): KafkaConfig {
  const { sasl, tls } = kafka;
  const serverName = typeof tls === 'object' ? (tls.server_name ?? null) : null;
  return {
    brokers: kafka.brokers,
    group: kafka.group,
    clientId: kafka.client_id,
    topics: kafka.topics.map(({ name, start, format, mapping }) => ({
      name,
      start: start === 'earliest' || start === 'latest' ? start : Date.parse(start),
      format,
      mapping: mappingOf(mapping),
    })),
    deadLetterTopic: kafka.dead_letter?.topic ?? null,
    tls:
      tls === false
        ? null
        : { ca: secrets.tlsCa, cert: secrets.tlsCert, key: secrets.tlsKey, serverName },
    sasl: sasl === undefined ? null : saslConfig(sasl, secrets.saslPassword ?? '', folder),
    sessionTimeoutMs: ms(kafka.session_timeout),
  };
}

function mappingOf(
  mapping: NonNullable<ConfigDocument['kafka']>['topics'][number]['mapping'],
): EventMapping {
  const { models, features, attributes, ...rest } = mapping;
  const byName = { models, features, attributes };
  const maps = Object.entries(byName).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, new Map(Object.entries(value))]],
  );
  const said = Object.entries(rest).filter(([, value]) => value !== undefined);
  return Object.fromEntries([...said, ...maps]) as EventMapping;
}

function saslConfig(
  sasl: NonNullable<NonNullable<ConfigDocument['kafka']>['sasl']>,
  secret: string,
  folder: string,
): KafkaSaslConfig {
  const { mechanism, username = '', token_file: file, token_url: url = '' } = sasl;
  if (mechanism !== 'oauthbearer') return { mechanism, username, password: secret };
  const token =
    file === undefined
      ? { url, clientId: username, clientSecret: secret, scope: sasl.token_scope ?? null }
      : { file: pathFrom(folder, file) };
  return { mechanism, token };
}

function replayConfig(replay: NonNullable<ConfigDocument['replay']>, folder: string): ReplayConfig {
  const { name, path, format, model, time_column: time } = replay;
  return {
    name,
    path: pathFrom(folder, path),
    format,
    eventFormat: format === 'ndjson' ? replay.event_format : 'flat',
    mapping: {
      ...mappingOf(replay.mapping),
      ...(model === undefined ? {} : { model }),
      ...(time === undefined ? {} : { time }),
    },
  };
}

function httpSourceConfig(
  source: NonNullable<ConfigDocument['http_source']>,
): NonNullable<DriftdConfig['httpSource']> {
  return {
    maxWaiting: source.max_waiting,
    maxWaitingBytes: source.max_waiting_bytes,
    maxBodyBytes: source.max_body_bytes,
    format: source.format,
    mapping: mappingOf(source.mapping),
  };
}

function httpConfig(http: ConfigDocument['http'], secrets: Secrets): HttpConfig {
  const listen = parseHostPort(http.listen);
  if (listen === null) throw new RangeError(`the checks let "${http.listen}" through`);
  return {
    listen,
    auth: http.auth ?? (isLoopback(listen.host) ? 'loopback' : 'token'),
    adminToken: secrets.adminToken,
  };
}

/** What a model is that the configuration does not name. */
export function defaultModel(name: string): ModelConfig {
  return modelConfig(modelSpec.parse({ name }));
}

function modelConfig(model: ConfigDocument['models'][number]): ModelConfig {
  const features = Object.entries(model.features).map(
    ([name, feature]): [string, FeatureConfig] => [
      name,
      {
        // Categories say what kind it is.
        kind: feature.kind ?? (feature.categories === undefined ? null : 'categorical'),
        role: feature.role ?? null,
        tier: feature.tier ?? null,
        categories: feature.categories ?? null,
        unit: feature.unit ?? null,
      },
    ],
  );
  return {
    name: model.name,
    owner: model.owner ?? null,
    attributes: model.attributes,
    allowedLatenessMs: ms(model.allowed_lateness),
    silentAfterMs: model.silent_after === undefined ? null : ms(model.silent_after),
    timeColumn: model.time_column,
    features: new Map(features),
  };
}

function monitorConfig(monitor: ConfigDocument['monitors'][number]): MonitorConfig {
  return {
    name: monitor.name,
    model: monitor.model,
    schedule: monitor.schedule.trim(),
    timeZone: monitor.time_zone,
    clock: monitor.clock,
    windows: monitor.windows
      .map((name) => ({ name, spanMs: WINDOW_SPANS[name] }))
      .toSorted((a, b) => a.spanMs - b.spanMs),
    seasonality: monitor.seasonality,
    catchUp: monitor.catch_up,
    volumeDrop: monitor.volume_drop,
    policy: resolvePolicy(monitor.policy),
  };
}

function smtpConfig(smtp: NonNullable<ConfigDocument['smtp']>, secrets: Secrets): SmtpConfig {
  const { username } = smtp;
  return {
    host: smtp.host,
    port: smtp.port,
    auth: username === undefined ? null : { username, password: secrets.smtpPassword ?? '' },
    from: smtp.from,
    tls: smtp.tls,
  };
}
