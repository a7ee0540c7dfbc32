/** The import table of ARCHITECTURE.md as data. Paths are below src/; the first rule whose folder matches counts. */

export interface FolderRule {
  /** Folder below src/ (everything in it), or one file. */
  readonly from: string;
  /** What it may import besides its own folder: folders or files below src/. */
  readonly may: readonly string[];
  /** What it may import for its types only. */
  readonly mayTypes?: readonly string[];
  readonly packages: readonly string[];
  /** Whether `node:*` may be imported. */
  readonly node: boolean;
  /** Pure: no clock, randomness, process or asynchrony. */
  readonly pure?: boolean;
}

const PORTS = 'storage/*.ts';
/** Ports that only the HTTP API asks. */
const API_PORTS = 'storage/api';
const CONFIG_TYPES = ['config'];

/** Folders of a stage's adapters: they may use the stage's own files, never each other. */
function adapter(
  stage: string,
  name: string,
  packages: readonly string[],
  also: string[] = [],
): FolderRule {
  return {
    from: `${stage}/${name}`,
    may: [`${stage}/*.ts`, 'core', 'platform', PORTS, ...also],
    mayTypes: CONFIG_TYPES,
    packages,
    node: true,
  };
}

function stage(name: string, packages: readonly string[] = []): FolderRule {
  return {
    from: name,
    may: ['core', 'platform', PORTS],
    mayTypes: CONFIG_TYPES,
    packages,
    node: true,
  };
}

export const IMPORT_TABLE: readonly FolderRule[] = [
  { from: 'core', may: [], packages: ['simple-statistics'], node: false, pure: true },
  { from: 'platform', may: [], packages: ['pino', '@opentelemetry/api'], node: true },
  {
    from: 'config',
    may: ['core/domain', 'core/statistic', 'platform'],
    packages: ['yaml', 'zod'],
    node: true,
  },
  {
    from: 'storage/postgres',
    may: [PORTS, API_PORTS, 'core', 'platform'],
    packages: ['pg'],
    node: true,
  },
  { from: 'storage', may: ['core'], packages: [], node: false },
  { from: 'schedule', may: ['core', 'platform', PORTS], packages: ['node-cron'], node: true },
  adapter('ingest', 'kafka', ['kafkajs', 'lz4js', 'snappyjs']),
  adapter(
    'ingest',
    'replay',
    ['csv-parse', 'hyparquet', 'hyparquet-compressors'],
    ['ingest/rows', 'ingest/holding'],
  ),
  // What sources share of which one process of all reads.
  adapter('ingest', 'holding', []),
  adapter('ingest', 'rows', ['csv-parse', 'hyparquet', 'hyparquet-compressors']),
  adapter('ingest', 'decode', ['csv-parse']),
  adapter('ingest', 'http', [], [API_PORTS, 'ingest/holding']),
  // The port of event shapes lives beside its shapes.
  { ...stage('ingest'), mayTypes: [...CONFIG_TYPES, 'ingest/decoder.ts'] },
  stage('accumulate'),
  stage('compare'),
  adapter('notify', 'email', ['nodemailer', '@resvg/resvg-wasm']),
  // What every channel over HTTP shares: the guarded request, what an answer means, alerts in Alertmanager's terms.
  adapter('notify', 'http', []),
  adapter('notify', 'watch', [], ['notify/http']),
  adapter('notify', 'webhook', [], ['notify/http']),
  adapter('notify', 'slack', [], ['notify/http']),
  adapter('notify', 'teams', [], ['notify/http']),
  adapter('notify', 'alertmanager', [], ['notify/http']),
  adapter('notify', 'pagerduty', [], ['notify/http']),
  stage('notify'),
  adapter(
    'expose',
    'api',
    [
      'fastify',
      'zod',
      'fastify-type-provider-zod',
      '@fastify/etag',
      '@fastify/multipart',
      '@fastify/rate-limit',
      '@fastify/swagger',
      '@fastify/swagger-ui',
    ],
    ['expose/http', API_PORTS],
  ),
  adapter('expose', 'http', ['fastify', 'zod', 'prom-client']),
  adapter('expose', 'metrics', ['prom-client']),
  adapter('expose', 'ui', []),
  stage('expose'),
  {
    from: 'app',
    may: ['core platform config storage schedule ingest accumulate compare notify expose'].flatMap(
      (names) => names.split(' '),
    ),
    packages: [],
    node: true,
  },
  {
    from: 'cli',
    may: ['app', 'config', 'core', 'platform'],
    packages: ['commander', 'cli-progress'],
    node: true,
  },
  { from: 'main.ts', may: ['cli'], packages: [], node: true },
];

/** Lines a source file may have. */
export const MAX_FILE_LINES = 400;
/** Source files a folder may hold before it splits. */
export const MAX_FOLDER_FILES = 12;
