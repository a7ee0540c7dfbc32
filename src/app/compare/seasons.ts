import type { DriftdConfig, MonitorConfig } from '../../config/types.ts';
import type { Baseline } from '../../core/baseline/types.ts';
import { needsSlots } from '../../core/window/windows.ts';
import { DriftdError } from '../../platform/errors.ts';
import type { BaselineStore } from '../../storage/baseline-store.ts';
import type { CatalogStore } from '../../storage/catalog-store.ts';

/** Do baselines of this model keep hour-of-week slots? Yes when a monitor of it has a seasonality. */
export function keepsSlots(config: DriftdConfig, model: string): boolean {
  return config.monitors.some(
    (monitor) => monitor.model === model && monitor.seasonality !== 'none',
  );
}

/**
 * A monitor with a seasonality that its model's active baseline cannot serve is refused at start: its short windows would
 * be compared with hours that are not theirs. A model without any baseline is not, since one may still come.
 * @param except models that are about to get another baseline
 * @throws DriftdError BASELINE_INVALID
 */
export async function assertSeasons(
  config: DriftdConfig,
  catalog: CatalogStore,
  baselines: BaselineStore,
  except: ReadonlySet<string> = new Set(),
): Promise<void> {
  for (const monitor of config.monitors) {
    if (shortWindows(monitor).length === 0 || except.has(monitor.model)) continue;
    const model = await catalog.findModel(monitor.model);
    const active = model === null ? null : await baselines.active(model.id);
    const fault = active === null ? null : seasonFault(monitor, active.baseline);
    if (fault !== null) throw new DriftdError('BASELINE_INVALID', fault);
  }
}

/** What monitors of its model ask of a baseline in vain, in sentences. */
export function seasonFaults({ monitors }: DriftdConfig, baseline: Baseline): string[] {
  return monitors
    .filter((monitor) => monitor.model === baseline.model && shortWindows(monitor).length > 0)
    .flatMap((monitor) => seasonFault(monitor, baseline) ?? []);
}

function seasonFault(monitor: MonitorConfig, baseline: Baseline): string | null {
  if (baseline.features.every(({ slots }) => slots !== null)) return null;
  const { name, model, seasonality } = monitor;
  return (
    `the monitor ${name} has seasonality ${seasonality} and windows of ${shortWindows(monitor).join(', ')}, ` +
    `but the active baseline of ${model} has no slots by hour of the week: give the baseline's rows a time ` +
    `(models[].time_column), or write seasonality: none, or only windows of ${seasonality === 'daily' ? '24h' : '7d'}`
  );
}

function shortWindows({ seasonality, windows }: MonitorConfig): string[] {
  if (seasonality === 'none') return [];
  return windows.filter(({ spanMs }) => needsSlots(seasonality, spanMs)).map(({ name }) => name);
}
