import { z } from 'zod';

import { EVENT_FORMATS, PASSWORD_MECHANISMS, REPLAY_FORMATS } from '../types.ts';
import { count, duration, hostPort, name, path, secret, secretFile, text } from './fields.ts';

const pathsByName = (description: string, example: Readonly<Record<string, string>>) =>
  z
    .record(text('Name.', 'temp'), text('Key, with dots into nested objects.', 'weather.temp'))
    .meta({ description, examples: [example] })
    .optional();

const byPosition = (what: string, example: string[]) =>
  z
    .array(name('Name of a feature.', example[0] ?? ''))
    .min(1)
    .meta({
      description: `Names of ${what} that come by position: rows as lists, CSV, tensors.`,
      examples: [example],
    })
    .optional();

const mapping = z
  .strictObject({
    model: name(
      'The model that the events are of, whatever they call it. Leave it out where models share the topic.',
      'flights-late',
    ).optional(),
    models: z
      .record(
        text('What the producer calls it.', 'prod/flights'),
        name('Name of the model.', 'flights-late'),
      )
      .meta({
        description:
          'Models by what the producer calls them: endpoint, inference service or model name.',
        examples: [{ 'prod/flights': 'flights-late' }],
      })
      .optional(),
    inputs: byPosition('inputs', ['temp', 'wind']),
    predictions: byPosition('predictions', ['score']),
    labels: byPosition('labels', ['late']),
    name: text('Flat events: key of the model name.', 'service').optional(),
    id: text('Flat events: key of the event id.', 'request_id').optional(),
    version: text('Flat events: key of the model version.', 'model_version').optional(),
    time: text('Flat events: key of the event time.', 'timestamp').optional(),
    features: pathsByName(
      'Flat events: keys of features that do not stand under their own names.',
      { temp: 'weather.temp' },
    ),
    attributes: pathsByName(
      'Flat events: keys of attributes that do not stand under their own names.',
      { country: 'client.country' },
    ),
  })
  .prefault({})
  .meta({ description: 'What the events do not say themselves.' });

const eventFormat = z
  .enum(EVENT_FORMATS)
  .default('auto')
  .meta({
    description:
      'Shape of the events. `auto` chooses record by record: by headers, by keys, by `mapping`; a name accepts that shape alone (docs/events.md).',
    examples: ['auto'],
  });

const topic = z.strictObject({
  name: text('Topic that holds prediction events.', 'predictions')
    .max(249)
    .regex(/^[A-Za-z0-9._-]+$/),
  start: z
    .union([z.enum(['earliest', 'latest']), z.iso.datetime({ offset: true })])
    .default('latest')
    .meta({
      description:
        'Where a partition that has never been seen starts: `earliest`, `latest` or an RFC 3339 instant. Afterwards the position stored in Postgres decides, never the broker.',
      examples: ['earliest', 'latest', '2026-01-01T00:00:00Z'],
    }),
  format: eventFormat,
  mapping,
});

const tls = z
  .union([
    z.boolean(),
    z.strictObject({
      ca_file: path(
        'PEM file with the authority that signed the brokers.',
        'certs/ca.pem',
      ).optional(),
      cert_file: path('PEM file with the client certificate.', 'certs/client.pem').optional(),
      key_file: path(
        'PEM file with the key of the client certificate.',
        'certs/client.key',
      ).optional(),
      server_name: text(
        'Name to expect in the certificate, when it is not the host that is connected to.',
        'kafka.internal',
      ).optional(),
    }),
  ])
  .default(false)
  .meta({
    description:
      '`true`: TLS with the authorities Node knows; an object: with your own. Certificates are always verified.',
    examples: [true],
  });

const sasl = z
  .strictObject({
    mechanism: z
      .enum([...PASSWORD_MECHANISMS, 'oauthbearer'])
      .meta({ description: 'How to log in.', examples: ['scram-sha-512'] }),
    username: text('User name; with `token_url` the client id.', 'driftd').optional(),
    password: secret(
      'Password, with `token_url` the client secret; rather use `password_file`.',
      '${KAFKA_PASSWORD}',
    ).optional(),
    password_file: secretFile('password').optional(),
    token_url: secret(
      'For oauthbearer: token endpoint of an OAuth 2 server, asked with client credentials. https, or http on this machine.',
      'https://login.example.com/oauth2/token',
    ).optional(),
    token_scope: text('For oauthbearer: the scope to ask for.', 'kafka').optional(),
    token_file: path(
      'For oauthbearer, instead of `token_url`: file with the token, read anew for each login.',
      '/run/secrets/kafka-token',
    ).optional(),
  })
  .meta({ description: 'Login at the brokers. Leave it out when they need none.' });

export const kafka = z
  .strictObject({
    brokers: z
      .array(hostPort('Address of a broker.', '127.0.0.1:9092'))
      .min(1)
      .meta({
        description: 'Brokers to begin with; the others are found through them.',
        examples: [['127.0.0.1:9092']],
      }),
    group: text(
      'Consumer group. Processes with the same group share the partitions.',
      'driftd',
    ).default('driftd'),
    client_id: text('Name under which the brokers see this process.', 'driftd').default('driftd'),
    topics: z.array(topic).min(1).meta({ description: 'Topics to read.' }),
    dead_letter: z
      .strictObject({
        topic: text(
          'Topic that is written to; it must not be one of those that are read.',
          'bad-predictions',
        )
          .max(249)
          .regex(/^[A-Za-z0-9._-]+$/),
      })
      .optional()
      .meta({
        description:
          'Copies of records that could not be counted, as they came, with their origin in headers. Leave it out to write none: they are in quarantine all the same (docs/events.md).',
      }),
    tls,
    sasl: sasl.optional(),
    session_timeout: duration(
      'A process that sends no heartbeat for this long loses its partitions to the others.',
      '15s',
    ).default('15s'),
  })
  .meta({ description: 'Events from Kafka. Leave it out to read none.' });

export const replay = z
  .strictObject({
    name: text('Stands for the name of a topic in positions and metrics.', 'flights-2013'),
    path: path('File of events; it may be gzipped (`.gz`).', 'data/flights.csv.gz'),
    format: z.enum(REPLAY_FORMATS).meta({
      description:
        '`ndjson`: one event a line, of any shape; `csv`, `json`, `parquet`: rows, each a flat event.',
      examples: ['ndjson'],
    }),
    event_format: eventFormat.meta({
      description: 'For ndjson: shape of the events, as `format` of a topic.',
      examples: ['sagemaker'],
    }),
    model: name('For rows: the model that they are events of.', 'flights-late').optional(),
    time_column: text(
      'For rows: column of the event time: RFC 3339, the same without a zone (UTC), a date, epoch seconds, milliseconds or finer.',
      'ts',
    ).optional(),
    mapping,
  })
  .meta({
    description: 'Events from a file, read once and exactly once. Leave it out to replay nothing.',
  });

export const httpSource = z
  .strictObject({
    max_waiting: count('Events that may wait to be counted; more are answered with 503.', {
      min: 1,
      max: 10_000_000,
      example: 100_000,
    }).default(100_000),
    max_waiting_bytes: count('... or so many bytes of them.', {
      min: 4_194_304,
      max: 1_099_511_627_776,
      example: 268_435_456,
    }).default(268_435_456),
    max_body_bytes: count('Bytes of one request at most; more are answered with 413.', {
      min: 1_024,
      max: 16_777_216,
      example: 1_048_576,
    }).default(1_048_576),
    format: eventFormat,
    mapping,
  })
  .meta({
    description:
      'Events posted to `/api/v1/events`, for those without Kafka. Leave it out to take none.',
  });

export const retention = z
  .strictObject({
    hours: duration(
      'Counts of 5 minutes become hours after 8 days, and hours become days after this long.',
      '60d',
    ).default('60d'),
    days: duration('Counts of days are kept this long.', '400d').default('400d'),
  })
  .prefault({})
  .meta({
    description:
      'How long counts are kept, reckoned from the newest events of each model. Evaluations, scores and alerts stay.',
  });

export const ingest = z
  .strictObject({
    checkpoint_interval: duration(
      'A checkpoint is made at the latest this long after the first record that has none.',
      '1s',
    ).default('1s'),
    checkpoint_records: count('... or when this many records wait.', {
      min: 1,
      max: 1_000_000,
      example: 20_000,
    }).default(20_000),
    checkpoint_bytes: count('... or when this many bytes of records wait.', {
      min: 1_024,
      max: 1_073_741_824,
      example: 16_777_216,
    }).default(16_777_216),
    dedup_window: duration(
      'An event whose `id` has been counted before in the same partition, within this much event time, is not counted again. Leave it out to count every record.',
      '10m',
    ).optional(),
    quarantine_payload: z
      .enum(['none', 'redacted', 'raw'])
      .default('redacted')
      .meta({
        description:
          'What is kept of a record that could not be counted, beside the reason: `none`; its first 4 KiB with every value masked (`redacted`: keys, punctuation and lengths stay); or as they are (`raw`).',
        examples: ['redacted'],
      }),
    future_tolerance: duration(
      'Events that are further ahead of the broker than this go to quarantine.',
      '5m',
    ).default('5m'),
  })
  .prefault({})
  .meta({ description: 'How events become durable counts.' });
