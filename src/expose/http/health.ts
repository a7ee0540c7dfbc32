/** One thing that must hold before this process can do its part. */
export interface Check {
  /** `schema`, `database`, `assignment`, `draining`, ... */
  readonly name: string;
  readonly ok: boolean;
  /** Why not, and since when where that is known; null when it is well. Never a secret: everyone may read it. */
  readonly reason: string | null;
}

/** What readiness depends on; wired by the composition root, since it knows which roles this process has. */
export interface HealthSource {
  /** Looks now. Ready when every check is ok. May reject: then the process is not ready, with that reason. */
  readiness(): Promise<readonly Check[]>;
}
