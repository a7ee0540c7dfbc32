/** What a reading process is told, as JSON in its first argument. */
export interface Task {
  readonly reader: 'raw' | 'parse' | 'maps' | 'driftd';
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly events: number;
  /** Of driftd; of no use to the others. */
  readonly config: string;
  readonly databaseUrl: string;
}

/** What it answers, as the last line of its output: from the assignment of partitions to the last event. */
export interface Reading {
  readonly ms: number;
  /** CPU time of the reading process, all its threads. */
  readonly cpuMs: number;
  /** Resident memory at the end. */
  readonly megabytes: number;
}

export const FETCH = { partition: 4 * 1024 * 1024, response: 16 * 1024 * 1024 } as const;
export const PARTITIONS = 4;
