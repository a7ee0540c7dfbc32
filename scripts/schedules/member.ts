import { createPartitionCounter } from '../../src/accumulate/counting.ts';
import { createModelRegistry } from '../../src/accumulate/model-registry.ts';
import { createNativeDecoder } from '../../src/ingest/decode/native.ts';
import { noIngestMetrics } from '../../src/ingest/ingest-metrics.ts';
import { QueueBudget } from '../../src/ingest/intake.ts';
import { createPipeline } from '../../src/ingest/pipeline.ts';
import type { Pipeline } from '../../src/ingest/pipeline.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { createCatalogStore } from '../../src/storage/postgres/catalog-store.ts';
import { createIngestStore } from '../../src/storage/postgres/ingest-store.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { MODEL } from '../chaos/events.ts';
import { MemberSource } from './memory-log.ts';
import type { MemoryLog } from './memory-log.ts';
import { MUTANTS } from './mutants.ts';
import type { Mutant } from './mutants.ts';
import { stoppingPool } from './stopping-pool.ts';
import type { StoppingPool } from './stopping-pool.ts';
import { Stops } from './stops.ts';

/** A member of the group: the program's own pipeline, counting and store, with stop points around them. */
export interface Member {
  readonly stops: Stops;
  readonly source: MemberSource;
  readonly connections: StoppingPool;
  readonly pipeline: Pipeline;
  /** Records that it has told as counted or quarantined. */
  readonly told: () => number;
  end(): Promise<void>;
}

/** Connections of members; several schedules use them in turn. */
export function memberPool(url: string): Pool {
  return createPool({ url, max: 3, applicationName: 'schedules', log: createLog('silent') });
}

export async function startMember(options: {
  readonly name: string;
  readonly pool: Pool;
  readonly log: MemoryLog;
  readonly mutant: string | null;
}): Promise<Member> {
  const { name, pool, log } = options;
  const silent = createLog('silent');
  const stops = new Stops();
  const source = new MemberSource(log, stops);
  const mutant: Partial<Mutant> | undefined =
    options.mutant === null ? {} : MUTANTS[options.mutant];
  if (mutant === undefined) throw new Error(`there is no mutant ${options.mutant ?? ''}`);
  const connections = stoppingPool(pool, stops, mutant.statement);
  const catalog = createCatalogStore(pool);
  const decoder = createNativeDecoder();
  const real = createIngestStore(connections.pool);
  const store = mutant.store?.({ store: real, pool, stops, source, log }) ?? real;
  const registry = createModelRegistry({
    catalog,
    models: () => [{ name: MODEL, attributes: [], allowedLatenessMs: 3_600_000 }],
    log: silent,
  });
  await registry.refresh();
  let told = 0;
  const pipeline = createPipeline(source, {
    counting: createPartitionCounter({
      store,
      catalog,
      registry,
      owner: name,
      futureToleranceMs: Infinity,
    }),
    decoderOf: () => decoder,
    gate: { nextDue: () => null, settled: () => Promise.resolve(true) },
    limits: {
      checkpointIntervalMs: 25,
      checkpointRecords: 1_000,
      checkpointBytes: 1 << 20,
      queueRecords: 40,
      queueBytes: 1 << 20,
    },
    budget: new QueueBudget(8 << 20),
    clock: systemClock,
    log: silent,
    metrics: {
      ...noIngestMetrics,
      events: (_, result, count) => {
        if (result !== 'too_late') told += count;
      },
    },
  });
  await pipeline.start();
  return {
    stops,
    source,
    connections,
    pipeline,
    told: () => told,
    async end() {
      source.assign(false);
      stops.letGo();
      await pipeline.stop();
    },
  };
}
