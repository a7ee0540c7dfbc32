import type { ValidateCron } from '../config/check/tell.ts';
import type { Role } from '../config/roles.ts';
import type { DriftdConfig, HostPort } from '../config/types.ts';
import type { BuildInfo } from '../platform/build-info.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';

/** The daemon as the command line sees it. */
export interface RunningApp {
  start(): Promise<void>;
  /** Takes a changed configuration, or changes nothing and says why in the log. */
  reload(): Promise<unknown>;
  /** Ends within the deadline, whatever hangs. */
  stop(deadlineMs: number): Promise<void>;
  /** Where HTTP listens, once started. */
  readonly address: HostPort | null;
}

export interface AppOptions {
  readonly config: DriftdConfig;
  /** Reads and checks the configuration anew, for a reload. @throws DriftdError */
  readonly load: () => Promise<DriftdConfig>;
  readonly roles: ReadonlySet<Role>;
  readonly log: Log;
  readonly clock: Clock;
}

/** What the commands need from the composition root. */
export interface CliDeps {
  readonly createApp: (options: AppOptions) => Promise<RunningApp>;
  /** Brings the schema up to date; says from which version to which. */
  readonly migrate: (config: DriftdConfig, log: Log) => Promise<{ from: number; to: number }>;
  readonly validateCron: ValidateCron;
  readonly build: BuildInfo;
  readonly clock: Clock;
}

/** The process around a command: main.ts gives the real one, tests their own. */
export interface CliIo {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** How wide the terminal is that `out` writes to; left out: it is none. */
  readonly columns?: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the process is asked to stop; its reason is the signal's name. */
  readonly stop: AbortSignal;
  /** From now on SIGHUP calls this, instead of ending the process. */
  readonly onHangup?: (listener: () => void) => void;
}
