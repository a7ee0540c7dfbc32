import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { Directory } from '../../storage/api/directory.ts';
import type { HistogramSource } from '../../storage/api/histogram-source.ts';
import type { HistoryReader } from '../../storage/api/history-reader.ts';
import type { TokenStore } from '../../storage/api/token-store.ts';
import type { RouteGroup } from './register.ts';

/**
 * Who may ask without a token: `loopback`, whoever is on this machine; `none`, anybody who reaches the listener;
 * `token`, nobody.
 */
export type AuthMode = 'loopback' | 'none' | 'token';

export interface ApiDeps {
  readonly auth: AuthMode;
  /** Is this the first token, which the configuration names? Takes as long for a wrong one. */
  readonly isConfiguredToken: (token: string) => boolean;
  readonly tokens: TokenStore;
  readonly directory: Directory;
  readonly history: HistoryReader;
  readonly histograms: HistogramSource;
  /** Names of the models that the configuration of this process has. */
  readonly configured: { has(model: string): boolean };
  readonly version: string;
  /** Requests that one caller may make a second; Infinity: any number. */
  readonly requestsPerSecond: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Further groups of routes that bring their own ports. */
  readonly groups: readonly RouteGroup[];
}
