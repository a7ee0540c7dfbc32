import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from '../core/baseline/document/document.ts';
import type { Baseline } from '../core/baseline/types.ts';
import type { DriftdConfig, ModelConfig } from '../config/types.ts';
import { openRowFile } from '../ingest/rows/row-file.ts';
import { DriftdError, toError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import type { BaselineStore } from '../storage/baseline-store.ts';
import type { CatalogStore } from '../storage/catalog-store.ts';
import { baselineFromRows } from './baseline-from-rows.ts';
import { keepsSlots } from './compare/seasons.ts';

const DOCUMENT = '.baseline.json';
const ROWS = ['.csv', '.csv.gz', '.ndjson', '.ndjson.gz', '.json', '.parquet'] as const;

/**
 * Loads the files of the baselines folder: the model's name is the file's. A file whose content is known changes nothing;
 * new content becomes the next version and is activated.
 * @throws DriftdError BASELINE_MISSING | BASELINE_INVALID | INPUT_INVALID
 */
export async function loadBaselineFiles(
  config: DriftdConfig,
  catalog: CatalogStore,
  store: BaselineStore,
  log: Log,
): Promise<void> {
  const { directory } = config.baselines;
  if (directory === null) return;
  const files = await listFolder(directory);
  for (const model of config.models) {
    const file = fileOf(model.name, files, directory);
    if (file === null) {
      if (await hasBaseline(model.name, catalog, store)) continue;
      throw new DriftdError(
        'BASELINE_MISSING',
        `the model ${model.name} has no baseline: put one into ${directory}, for example as ${model.name}.csv, or take baselines.directory out of the configuration to start without`,
      );
    }
    const baseline = await readBaseline(
      join(directory, file),
      file,
      model,
      keepsSlots(config, model.name),
    );
    const tiers = new Map([...model.features].map(([name, { tier }]) => [name, tier]));
    const row = await store.add(baseline, tiers);
    // A version that was retired on purpose stays retired: only new content is activated by itself.
    if (row.state === 'candidate') {
      await store.activate(row.modelId, row.version);
      log.info(
        { model: model.name, version: row.version, rows: row.rows, file },
        'baseline activated',
      );
    }
  }
}

async function hasBaseline(
  model: string,
  catalog: CatalogStore,
  store: BaselineStore,
): Promise<boolean> {
  const row = await catalog.findModel(model);
  return row !== null && (await store.active(row.id)) !== null;
}

async function listFolder(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (thrown) {
    throw new DriftdError(
      'BASELINE_MISSING',
      `the baselines folder ${directory} cannot be read: ${toError(thrown).message}; create it, or correct baselines.directory`,
      { cause: thrown },
    );
  }
}

function fileOf(model: string, files: readonly string[], directory: string): string | null {
  const candidates = [DOCUMENT, ...ROWS].map((ending) => `${model}${ending}`);
  const found = candidates.filter((name) => files.includes(name));
  if (found.length > 1) {
    throw new DriftdError(
      'BASELINE_INVALID',
      `${directory} holds ${found.length} baselines of ${model}: ${found.join(', ')}; keep one`,
    );
  }
  return found[0] ?? null;
}

async function readBaseline(
  path: string,
  file: string,
  model: ModelConfig,
  slots: boolean,
): Promise<Baseline> {
  if (file.endsWith(DOCUMENT)) return readDocument(path, file, model.name);
  const declared = new Map(
    [...model.features].map(([name, { kind, role, tier }]) => [
      name,
      {
        ...(kind === null ? {} : { kind }),
        ...(role === null ? {} : { role }),
        ignore: tier === 'ignore',
      },
    ]),
  );
  return baselineFromRows(openRowFile(path), {
    model: model.name,
    timeColumn: model.timeColumn,
    declared,
    attributes: model.attributes,
    provenance: file,
    slots,
  });
}

async function readDocument(path: string, file: string, model: string): Promise<Baseline> {
  try {
    const baseline = parseDocument(JSON.parse(await readFile(path, 'utf8')));
    if (baseline.model !== model)
      throw new Error(`it is a baseline of ${baseline.model}, not of ${model}`);
    return baseline;
  } catch (thrown) {
    throw new DriftdError(
      'BASELINE_INVALID',
      `${file} is no baseline: ${toError(thrown).message}`,
      { cause: thrown },
    );
  }
}
