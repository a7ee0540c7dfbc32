/** One topic, to be read once. */
export interface Task {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly events: number;
  /** Of driftd; of no use to the others. */
  readonly config: string;
  readonly databaseUrl: string;
}

/** What a reading process is told, as JSON in its first argument. */
export interface Order {
  readonly reader: 'raw' | 'parse' | 'maps' | 'driftd';
  /** In order: all but the last are there to warm up, so that no compiler is measured. */
  readonly tasks: readonly Task[];
}

/** What it answers, as the last line of its output, about the last task: from the assignment of partitions to the last event. */
export interface Reading {
  readonly ms: number;
  /** CPU time of the reading process, all its threads. */
  readonly cpuMs: number;
  /** Resident memory at the end. */
  readonly megabytes: number;
}

export const FETCH = { partition: 4 * 1024 * 1024, response: 16 * 1024 * 1024 } as const;
export const PARTITIONS = 4;
