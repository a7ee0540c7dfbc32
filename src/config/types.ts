import type { FeatureKind, FeatureRole, FeatureTier } from '../core/domain/feature.ts';
import type { StatisticName } from '../core/statistic/catalogue.ts';
import type { PsiMode } from '../core/statistic/psi.ts';
import type { LogLevel } from '../platform/log.ts';
import type {
  ChannelsConfig,
  HeartbeatConfig,
  MaintenanceConfig,
  NotifyConfig,
  ReceiverConfig,
  RouteConfig,
} from './delivery-types.ts';

/**
 * The configuration as the rest of driftd sees it: checked, defaults filled in, durations in milliseconds, secrets read,
 * paths absolute, references between sections known to hold. Immutable.
 *
 * The same keys in snake_case are the YAML file: docs/configuration.md.
 */
export interface DriftdConfig {
  /** null: this process reads no Kafka. */
  readonly kafka: KafkaConfig | null;
  /** null: nothing is replayed. */
  readonly replay: ReplayConfig | null;
  readonly postgres: PostgresConfig;
  readonly http: HttpConfig;
  readonly log: LogConfig;
  readonly ingest: IngestConfig;
  readonly retention: RetentionConfig;
  /** null: no events are taken over HTTP. */
  readonly httpSource: HttpSourceConfig | null;
  readonly baselines: BaselinesConfig;
  readonly models: readonly ModelConfig[];
  readonly monitors: readonly MonitorConfig[];
  readonly receivers: readonly ReceiverConfig[];
  readonly routes: readonly RouteConfig[];
  readonly channels: ChannelsConfig;
  readonly notify: NotifyConfig;
  /** null: nobody outside watches. */
  readonly heartbeat: HeartbeatConfig | null;
  readonly maintenance: readonly MaintenanceConfig[];
  /** null only when no receiver has an e-mail channel. */
  readonly smtp: SmtpConfig | null;
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface KafkaConfig {
  /** host:port, as kafkajs takes them. */
  readonly brokers: readonly string[];
  readonly group: string;
  readonly clientId: string;
  readonly topics: readonly TopicConfig[];
  /** Where copies of bad records go; null: nowhere. */
  readonly deadLetterTopic: string | null;
  /** null: plain text. */
  readonly tls: KafkaTlsConfig | null;
  readonly sasl: KafkaSaslConfig | null;
  readonly sessionTimeoutMs: number;
}

/** Where a partition that has never been seen starts; a number is an instant, ms since the epoch. */
export type TopicStart = 'earliest' | 'latest' | number;

/** `auto`: chosen by headers, keys and mapping, record by record. */
export const EVENT_FORMATS = [
  'auto',
  'native',
  'flat',
  'cloudevents',
  'kserve-logger',
  'kserve-v1',
  'open-inference',
  'seldon-core',
  'sagemaker',
  'mlflow',
  'databricks',
  'vertex',
] as const;
export type EventFormat = (typeof EVENT_FORMATS)[number];

export interface TopicConfig {
  readonly name: string;
  readonly start: TopicStart;
  readonly format: EventFormat;
  readonly mapping: EventMapping;
}

/**
 * What the configuration says about the events of a topic that do not say it themselves. Everything is optional; paths
 * are keys, or keys of nested objects with dots between them.
 */
export interface EventMapping {
  /** The model the events are of, whatever they call it. */
  readonly model?: string;
  /** Models by what the producer calls them. */
  readonly models?: ReadonlyMap<string, string>;
  /** Names of values that come by position, e.g. a row `[1, 2]` or a line of CSV. */
  readonly inputs?: readonly string[];
  readonly predictions?: readonly string[];
  readonly labels?: readonly string[];
  /** Flat events: where to find what an event says about itself. */
  readonly id?: string;
  readonly name?: string;
  readonly version?: string;
  readonly time?: string;
  /** Flat events: where features and attributes are that do not stand under their own names. */
  readonly features?: ReadonlyMap<string, string>;
  readonly attributes?: ReadonlyMap<string, string>;
}

/** PEM texts, already read from their files; null where the file names none. */
export interface KafkaTlsConfig {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  /** Name to expect in the broker's certificate, when it is not the broker's host. */
  readonly serverName: string | null;
}

export const PASSWORD_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

export type KafkaSaslConfig =
  | {
      readonly mechanism: (typeof PASSWORD_MECHANISMS)[number];
      readonly username: string;
      readonly password: string;
    }
  | { readonly mechanism: 'oauthbearer'; readonly token: KafkaTokenConfig };

/** Where the bearer token comes from: a file that something else renews, or an OAuth 2 server (client credentials). */
export type KafkaTokenConfig =
  | { readonly file: string }
  | {
      readonly url: string;
      readonly clientId: string;
      readonly clientSecret: string;
      readonly scope: string | null;
    };

export const REPLAY_FORMATS = ['csv', 'ndjson', 'json', 'parquet'] as const;
export type ReplayFormat = (typeof REPLAY_FORMATS)[number];

/** A file of events that is read once, as if it were a topic with one partition. */
export interface ReplayConfig {
  /** Stands for the topic's name in positions and metrics. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly format: ReplayFormat;
  /** Rows are flat events: their model and time are in the mapping. */
  readonly eventFormat: EventFormat;
  readonly mapping: EventMapping;
}

export interface PostgresConfig {
  /** Connection string; holds the password: never log it. */
  readonly url: string;
  /** Connections at most. */
  readonly pool: number;
}

/** Events posted to the API. */
export interface HttpSourceConfig {
  /** Events that may wait to be counted. */
  readonly maxWaiting: number;
  readonly maxWaitingBytes: number;
  readonly maxBodyBytes: number;
  readonly format: EventFormat;
  readonly mapping: EventMapping;
}

/** How long rolled-up counts are kept, behind each model's watermark. */
export interface RetentionConfig {
  readonly hoursMs: number;
  readonly daysMs: number;
}

export interface HttpConfig {
  readonly listen: HostPort;
  /**
   * Who may ask the API: `loopback`, whoever is on this machine, where alone the address is reachable; `none`, everyone,
   * as was said explicitly; `token`, who has one.
   */
  readonly auth: 'loopback' | 'none' | 'token';
  /** A token that may do everything, from a file; null: none. */
  readonly adminToken: string | null;
}

export interface LogConfig {
  readonly level: LogLevel;
}

export interface IngestConfig {
  /** A checkpoint is made at the latest this long after the first uncommitted record. */
  readonly checkpointIntervalMs: number;
  /** ... or when this many records wait. */
  readonly checkpointRecords: number;
  /** ... or this many bytes. */
  readonly checkpointBytes: number;
  /** Events further ahead of the broker's clock than this go to quarantine. */
  readonly futureToleranceMs: number;
  /** Events with an id that came before within it are duplicates; null: none is looked for. */
  readonly dedupWindowMs: number | null;
  /** What is kept of records that could not be counted. */
  readonly quarantinePayload: 'none' | 'redacted' | 'raw';
}

export interface BaselinesConfig {
  /** Absolute; null: no baseline files are loaded at start. */
  readonly directory: string | null;
}

export interface ModelConfig {
  readonly name: string;
  /** Who looks after it; null: not said. */
  readonly owner: string | null;
  /** Keys of `attributes` that events are sliced by. */
  readonly attributes: readonly string[];
  readonly allowedLatenessMs: number;
  /** How long it may send nothing before somebody is told; null: as the schedules of its monitors say. */
  readonly silentAfterMs: number | null;
  /** Column of the event time in baseline row files. */
  readonly timeColumn: string;
  /** What is said about features by name; a Map, since names come from outside. */
  readonly features: ReadonlyMap<string, FeatureConfig>;
}

/** null: as the baseline has it; a tier that nobody says is standard. */
export interface FeatureConfig {
  readonly kind: FeatureKind | null;
  readonly role: FeatureRole | null;
  readonly tier: FeatureTier | null;
  /** Categories that are tracked; of categorical features only. */
  readonly categories: readonly string[] | null;
  /** Of its numbers, for people. */
  readonly unit: string | null;
}

/** The spans a window may have, in ms, by the name used in config, API and metrics. */
export const WINDOW_SPANS = {
  '1h': 3_600_000,
  '6h': 21_600_000,
  '24h': 86_400_000,
  '7d': 604_800_000,
} as const;
export type WindowName = keyof typeof WINDOW_SPANS;

export interface WindowConfig {
  readonly name: WindowName;
  readonly spanMs: number;
}

export const MONITOR_CLOCKS = ['wall', 'event'] as const;
export type MonitorClock = (typeof MONITOR_CLOCKS)[number];

export const SEASONALITIES = ['none', 'daily', 'weekly'] as const;
export type Seasonality = (typeof SEASONALITIES)[number];

export interface MonitorConfig {
  readonly name: string;
  readonly model: string;
  /** Cron expression of five fields. */
  readonly schedule: string;
  /** IANA name. */
  readonly timeZone: string;
  readonly clock: MonitorClock;
  /** Shortest first. */
  readonly windows: readonly WindowConfig[];
  readonly seasonality: Seasonality;
  /** Ticks missed that are run after all, oldest first. */
  readonly catchUp: number;
  /** Share of the usual events that may stay away; 0: not checked. */
  readonly volumeDrop: number;
  readonly policy: PolicyConfig;
}

/** A tolerated effect per severity. */
export interface DeltaConfig {
  readonly warning: number;
  readonly critical: number;
}

/** Where the variance inflation of autocorrelated events comes from; a number fixes it. */
export type DesignEffectConfig = 'baseline' | 'history' | 'none' | number;

/** How features are judged: what a tier or a feature can say differently. */
export interface JudgingConfig {
  /** False alerts a day that all evaluations together may raise in expectation. */
  readonly alertBudgetPerDay: number;
  /** KS and PSI. */
  readonly delta: DeltaConfig;
  /** Spike, missing, invalid, unseen and the other shares. */
  readonly shareDelta: DeltaConfig;
  /** Level of the second gate. */
  readonly alpha: number;
  readonly minSamples: number;
  readonly psiMode: PsiMode;
  readonly designEffect: DesignEffectConfig;
  /** Thresholds in place of significance and tolerated effect. */
  readonly fixed: Readonly<Partial<Record<StatisticName, DeltaConfig>>>;
  /** Statistics that take no part in the decision. */
  readonly off: readonly StatisticName[];
}

/** What is said differently; the sections key by key. */
export type JudgingOverride = Partial<Omit<JudgingConfig, 'delta' | 'shareDelta'>> & {
  readonly delta?: Partial<DeltaConfig>;
  readonly shareDelta?: Partial<DeltaConfig>;
};

export interface PolicyConfig extends JudgingConfig {
  /** Opens when `firing` of the last `of` evaluations fire. */
  readonly open: { readonly firing: number; readonly of: number };
  /** Closes after this many evaluations in a row that do not. */
  readonly close: number;
  /** A feature wins over its tier, the tier over the monitor: `judgingOf`. */
  readonly tiers: ReadonlyMap<FeatureTier, JudgingOverride>;
  readonly features: ReadonlyMap<string, JudgingOverride>;
}

export const SMTP_TLS_MODES = ['starttls', 'implicit', 'none'] as const;
export type SmtpTlsMode = (typeof SMTP_TLS_MODES)[number];

export interface SmtpConfig {
  readonly host: string;
  readonly port: number;
  /** null: no login. */
  readonly auth: { readonly username: string; readonly password: string } | null;
  /** Bare address. */
  readonly from: string;
  /** starttls: required, never skipped. */
  readonly tls: SmtpTlsMode;
}
