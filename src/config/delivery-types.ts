import type { FeatureTier } from '../core/domain/feature.ts';
import type { Severity } from '../core/domain/verdict.ts';

/** The part of the configuration that says who is told, how, and when not. Times in ms. */

export interface ReceiverConfig {
  readonly name: string;
  /** One a recipient and channel. */
  readonly targets: readonly TargetConfig[];
}

export const CHANNELS = [
  'email',
  'webhook',
  'slack',
  'teams',
  'alertmanager',
  'pagerduty',
] as const;
export type ChannelName = (typeof CHANNELS)[number];

export interface TargetConfig {
  readonly channel: ChannelName;
  /** Bare mail address, base address of an Alertmanager, else the receiver's name. */
  readonly recipient: string;
  readonly sendResolved: boolean;
}

/** Where HTTP channels post to, by what the outbox calls the recipient. */
export interface HttpTargetConfig {
  readonly recipient: string;
  readonly url: string;
  readonly allowPrivate: boolean;
}

export interface ChannelsConfig {
  readonly webhook: readonly (HttpTargetConfig & { readonly secret: string | null })[];
  readonly slack: readonly HttpTargetConfig[];
  readonly teams: readonly HttpTargetConfig[];
  /** `repeatIntervalMs`: the longest time until what fires is pushed again. */
  readonly alertmanager: readonly (HttpTargetConfig & { readonly repeatIntervalMs: number })[];
  readonly pagerduty: readonly (HttpTargetConfig & { readonly routingKey: string })[];
}

/** The first route that matches gets the alert. */
export interface RouteConfig {
  readonly receiver: string;
  readonly continue: boolean;
  readonly match: MatchConfig;
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
}

/** null matches everything. */
export interface MatchConfig {
  readonly model: string | null;
  readonly owner: string | null;
  readonly feature: string | null;
  readonly segment: string | null;
  readonly tier: FeatureTier | null;
  readonly severity: Severity | null;
}

export interface NotifyConfig {
  readonly maxPerMinute: number;
  /** Empty: every receiver. */
  readonly problemReceivers: readonly string[];
  /** Cron expression, in UTC; null: never. */
  readonly testSchedule: string | null;
  /** `{model}` and `{monitor}` in an address stand for the names. */
  readonly links: readonly { readonly label: string; readonly url: string }[];
}

export interface HeartbeatConfig {
  readonly url: string;
  readonly intervalMs: number;
  readonly allowPrivate: boolean;
}

/** A time without messages: once, or each time a schedule fires. */
export interface MaintenanceConfig {
  readonly reason: string;
  readonly match: MatchConfig;
  readonly when:
    | { readonly from: number; readonly to: number }
    | { readonly schedule: string; readonly timeZone: string; readonly durationMs: number };
}
