import type { DriftdConfig } from '../../config/types.ts';
import { parseStatus, showStatus } from '../../expose/api/operations/status.ts';
import type { StatusDocument } from '../../expose/api/operations/status.ts';
import type { Log } from '../../platform/log.ts';
import type {
  MonitorStatus,
  StatusReader,
  StoredMonitor,
  WaitingTick,
} from '../../storage/api/status-reader.ts';
import { createBaselineStore } from '../../storage/postgres/baseline-store.ts';
import { createCatalogStore } from '../../storage/postgres/catalog-store.ts';
import { assertReachable, createPool } from '../../storage/postgres/pool.ts';
import type { Pool } from '../../storage/postgres/pool.ts';
import { assertSchema } from '../../storage/postgres/schema/assert-schema.ts';
import { createStatusReader } from '../../storage/postgres/status/status-reader.ts';
import { createTileReader } from '../../storage/postgres/tile-reader.ts';
import { strayNames } from '../baselines/stray-names.ts';
import { sourceTopicsOf } from '../catalogue.ts';
import { waitingTick } from './waiting.ts';

export { parseStatus };
export type { StatusDocument };

/** Reads how what is configured stands. */
export function statusReaderOf(config: DriftdConfig, pool: Pool): StatusReader {
  const lateness = new Map(config.models.map((model) => [model.name, model.allowedLatenessMs]));
  const topics = sourceTopicsOf(config);
  const reader = createStatusReader(pool, {
    models: lateness,
    monitors: config.monitors.map(({ name }) => name),
    topics,
  });
  const tiles = createTileReader(pool, () => topics);
  const stores = { catalog: createCatalogStore(pool), baselines: createBaselineStore(pool) };

  async function waitingOf(stored: StoredMonitor, now: number): Promise<WaitingTick | null> {
    const monitor = config.monitors.find(({ name }) => name === stored.monitor);
    if (monitor === undefined) return null;
    const latenessMs = lateness.get(monitor.model) ?? 0;
    const { time: watermark } = await tiles.watermark(stored.modelId, latenessMs);
    return waitingTick(monitor, { dealtWith: stored.dealtWith, watermark, now }, latenessMs);
  }

  return {
    async read() {
      const stored = await reader.read();
      const strays = await strayNames(config, stores);
      const monitors: MonitorStatus[] = [];
      for (const monitor of stored.monitors) {
        const { modelId: _, dealtWith: __, ...shown } = monitor;
        monitors.push({ ...shown, waiting: await waitingOf(monitor, stored.now) });
      }
      const models = stored.models.map((model) => ({
        ...model,
        notes: strays.filter((stray) => stray.model === model.model).map(({ text }) => text),
      }));
      return { ...stored, models, monitors };
    },
  };
}

/**
 * How everything stands, from the database.
 * @throws DriftdError DATABASE_UNREACHABLE | SCHEMA_MISSING | SCHEMA_TOO_OLD | SCHEMA_TOO_NEW
 */
export async function readStatus(config: DriftdConfig, log: Log): Promise<StatusDocument> {
  const { url } = config.postgres;
  const pool = createPool({ url, max: 1, applicationName: 'driftd status', log });
  try {
    await assertReachable(pool, url);
    await assertSchema(pool, url);
    return showStatus(await statusReaderOf(config, pool).read());
  } finally {
    await pool.end();
  }
}
