import { basename } from 'node:path';
import { checkAttributes } from '../../core/baseline/checks/attributes.ts';
import { checkBaseline } from '../../core/baseline/checks/checks.ts';
import type { Finding } from '../../core/baseline/checks/finding.ts';
import { toDocument } from '../../core/baseline/document/document.ts';
import type { Baseline } from '../../core/baseline/types.ts';
import { diffBaselines } from '../../core/evaluate/baseline-diff.ts';
import { defaultModel } from '../../config/resolve.ts';
import type { DriftdConfig, ModelConfig } from '../../config/types.ts';
import type { JudgeDeps } from '../../compare/judge.ts';
import type { BaselineDesk, ShadowView, UploadResult } from '../../expose/api/baselines/desk.ts';
import type { Clock } from '../../platform/clock.ts';
import { DriftdError } from '../../platform/errors.ts';
import type {
  BaselineOrigin,
  BaselineRow,
  FeatureSaid,
  StoredBaseline,
} from '../../storage/baseline-store.ts';
import type { CatalogStore, ModelRow } from '../../storage/catalog-store.ts';
import type { TickStore } from '../../storage/tick-store.ts';
import { readOnly } from '../compare/read-only.ts';
import { buildMonitors } from '../monitors.ts';
import { seasonFaults } from '../compare/seasons.ts';
import {
  declarationsOf,
  historyOf,
  sha256OfFile,
  sourceFingerprint,
  saidOf,
  withUpload,
} from './declarations.ts';
import type { RowDeclarations } from './declarations.ts';
import { promoteTiles } from './promote.ts';
import type { ReplayTopic } from './replay/replay.ts';
import type { ReadBaseline } from './reading/read-file.ts';
import { shadowRun } from './shadow.ts';
import { streamBeside, streamFeatures } from './stream.ts';
import { baselineView, eventView, featureView, shadowView } from './views.ts';

/** A model of the configuration that nothing is stored of yet: no row belongs to it. */
const NOT_STORED = -1;
/** Days a shadow may look back. */
const NAMED_AT_MOST = 5;
const MAX_SHADOW_DAYS = 62;

export interface BaselineDeskDeps extends JudgeDeps {
  readonly config: DriftdConfig;
  readonly ticks: TickStore;
  readonly clock: Clock;
  /** How files are read: in this process, or in a child where they cannot hurt. */
  readonly read: ReadBaseline;
  /** How events of a topic are read again. */
  readonly replay: ReplayTopic;
}

/** What can be done about baselines, over the stores. */
export function createBaselineDesk(deps: BaselineDeskDeps): BaselineDesk {
  const { config, catalog, baselines } = deps;

  async function modelOf(name: string): Promise<ModelRow> {
    const row = await catalog.findModel(name);
    if (row !== null) return row;
    if (config.models.some((model) => model.name === name)) return { id: NOT_STORED, name };
    throw unknown(`there is no model ${name}`);
  }

  const storedModel = async (model: ModelRow, validateOnly: boolean): Promise<ModelRow> =>
    validateOnly || model.id !== NOT_STORED ? model : catalog.ensureModel(model.name);

  async function find(model: string, version: number): Promise<StoredBaseline> {
    const found = await baselines.find((await modelOf(model)).id, version);
    if (found !== null) return found;
    throw unknown(`the model ${model} has no baseline of version ${version}`);
  }

  return {
    async list(model) {
      const rows = await baselines.list((await modelOf(model)).id);
      return rows.map((row) => baselineView(model, row));
    },
    events: async (model) => (await baselines.events((await modelOf(model)).id)).map(eventView),
    async show(model, version) {
      const { row, baseline } = await find(model, version);
      const events = await baselines.events(row.modelId);
      return {
        ...baselineView(model, row),
        features: baseline.features.map(featureView),
        segments: [...baseline.segments.keys()].toSorted(),
        events: events.filter((event) => event.version === version).map(eventView),
      };
    },
    async diff(model, version, against) {
      const after = await find(model, version);
      const before =
        against === null ? await baselines.active(after.row.modelId) : await find(model, against);
      if (before === null)
        throw unknown(`the model ${model} has no active baseline to compare with`);
      return {
        model,
        before: before.row.version,
        after: version,
        ...diffBaselines(before.baseline, after.baseline),
      };
    },
    async shadow(model, version, days) {
      assertDays(days);
      return shadowsOf(deps, await find(model, version), model, days);
    },
    async activate(model, version, change, at) {
      const { row } = await find(model, version);
      const changed =
        at === null
          ? await baselines.activate(row.modelId, version, change)
          : await baselines.schedule(row.modelId, version, at, change);
      return baselineView(model, changed as BaselineRow);
    },
    async unschedule(model, version, change) {
      const { row } = await find(model, version);
      const changed = await baselines.schedule(row.modelId, version, null, change);
      return baselineView(model, changed as BaselineRow);
    },
    async discard(model, version, change) {
      const { row } = await find(model, version);
      const changed = await baselines.discard(row.modelId, version, change);
      if (changed !== 'not-candidate') return baselineView(model, changed as BaselineRow);
      const text = `version ${version} of ${model} is ${row.state}: only candidates are discarded`;
      throw new DriftdError('BASELINE_INVALID', text);
    },
    async rollback(model, change) {
      const row = await baselines.rollback((await modelOf(model)).id, change);
      if (row === null) throw unknown(`the model ${model} has no version to go back to`);
      return baselineView(model, row);
    },
    document: async (model, version) => toDocument((await find(model, version)).baseline),
    async upload(name, upload) {
      const {
        path,
        name: called,
        sha256,
        validateOnly,
        onProgress,
        declared = {},
        ...change
      } = upload;
      const before = await modelOf(name);
      const bytes = await sha256OfFile(path);
      if (sha256 !== undefined && bytes !== sha256) throw otherBytes(bytes, sha256);
      const model = await storedModel(before, validateOnly);
      const declarations = withUpload(declarationsOf(config, modelConfig(config, name)), declared);
      const file = basename(path);
      const source = sourceFingerprint(bytes, file, name, declarations);
      const known = await baselines.findSource(model.id, source);
      if (known !== null) {
        return knownAs(name, known);
      }
      const active = await baselines.active(model.id);
      const found: Finding[] = [];
      const baseline = await deps.read({
        path,
        model: name,
        provenance: called ?? file,
        declarations,
        history: historyOf(active?.baseline ?? null, await catalog.historyBinnings(model.id)),
        onAttributes: (told) => found.push(...checkAttributes(told)),
        ...(onProgress === undefined ? {} : { onProgress }),
      });
      const origin = { ...change, sourceFingerprint: source };
      return take(deps, model, baseline, origin, {
        validateOnly,
        declarations,
        found,
        said: saidOf(declared),
      });
    },
    async known(name, sha256, ending, declared = {}) {
      const model = await modelOf(name);
      const declarations = withUpload(declarationsOf(config, modelConfig(config, name)), declared);
      const source = sourceFingerprint(sha256, ending, name, declarations);
      const row = await baselines.findSource(model.id, source);
      return row === null ? null : knownAs(name, row);
    },
    async promote(name, from, to, change) {
      const model = await modelOf(name);
      const active = await baselines.active(model.id);
      if (active === null)
        throw unknown(`the model ${name} has no active baseline: its events are not counted`);
      const baseline = await promoteTiles(deps, model, active.baseline, from, to);
      const origin = { ...change, sourceFingerprint: null };
      const declarations = declarationsOf(config, modelConfig(config, name));
      return take(deps, model, baseline, origin, { validateOnly: false, declarations });
    },
    async replay(name, { onProgress, validateOnly, ...range }, change) {
      const model = await modelOf(name);
      const active = await baselines.active(model.id);
      const declarations = declarationsOf(config, modelConfig(config, name));
      const { baseline, findings: found } = await deps.replay({
        ...range,
        model,
        features: active === null ? [] : await catalog.features(model.id),
        declarations,
        history: historyOf(active?.baseline ?? null, await catalog.historyBinnings(model.id)),
        ...(onProgress === undefined ? {} : { onProgress }),
      });
      const stored =
        validateOnly || model.id !== NOT_STORED ? model : await catalog.ensureModel(name);
      const origin = { ...change, sourceFingerprint: null };
      return take(deps, stored, baseline, origin, { validateOnly, declarations, found });
    },
  };
}

/** Checks it against what the model has, and stores it unless errors refuse it. */
async function take(
  { config, catalog, baselines, tiles }: BaselineDeskDeps,
  model: ModelRow,
  baseline: Baseline,
  origin: Omit<BaselineOrigin, 'warnings'>,
  {
    validateOnly,
    declarations,
    found = [],
    said = new Map(),
  }: {
    readonly validateOnly: boolean;
    readonly declarations: RowDeclarations;
    readonly found?: readonly Finding[];
    readonly said?: ReadonlyMap<string, FeatureSaid>;
  },
): Promise<UploadResult> {
  const active = (await baselines.active(model.id))?.baseline ?? null;
  const features = active === null ? [] : await catalog.features(model.id);
  const stream = await streamFeatures({ catalog, tiles }, model.id);
  const beside = await streamBeside(catalog, model.id, declarations);
  const attributes = config.models.find(({ name }) => name === model.name)?.attributes ?? [];
  const context = { features, active, stream, beside, attributes };
  const findings = [...checkBaseline(baseline, context), ...found];
  const faults = [
    ...findings.filter(({ level }) => level === 'error').map(({ text }) => text),
    ...seasonFaults(config, baseline),
  ];
  if (faults.length > 0) throw refused(faults);
  const warnings = findings.filter(({ level }) => level === 'warning');
  const { rows } = baseline;
  if (validateOnly) return { baseline: null, known: false, rows, warnings };
  const row = await baselines.add(baseline, said, {
    ...origin,
    warnings,
  });
  const known = !row.added;
  const notTaken = known && said.size > 0 ? [saidBefore(row.version, [...said.keys()])] : [];
  return {
    baseline: baselineView(model.name, row),
    known,
    rows,
    warnings: [...warnings, ...notTaken],
  };
}

/** A version is as it was stored: what another upload of the same content says of its features is not added. */
function saidBefore(version: number, features: readonly string[]): Finding {
  const names = features.slice(0, NAMED_AT_MOST).join(', ');
  const more =
    features.length > NAMED_AT_MOST ? ` and ${features.length - NAMED_AT_MOST} more` : '';
  return {
    level: 'warning',
    check: 'said-before',
    feature: null,
    text: `the same content is version ${version} already, which keeps what was said of its features: units and tiers of ${names}${more} are not taken; say them in the configuration`,
  };
}

function assertDays(days: number): void {
  if (Number.isInteger(days) && days >= 1 && days <= MAX_SHADOW_DAYS) return;
  const text = `a shadow looks back 1 to ${MAX_SHADOW_DAYS} days, not ${days}`;
  throw new DriftdError('INPUT_INVALID', text);
}

/** What each monitor of the model would have made of the days before its events are complete. */
async function shadowsOf(
  deps: BaselineDeskDeps,
  found: StoredBaseline,
  model: string,
  days: number,
): Promise<ShadowView[]> {
  const stores = readOnly(deps.catalog, deps.ticks);
  const known: CatalogStore = {
    ...stores.catalog,
    // Other models share the alert budget, whether or not anything of them has been counted.
    ensureModel: async (name) => (await deps.catalog.findModel(name)) ?? { id: -1, name },
  };
  const monitors = await buildMonitors(deps.config, known, stores.ticks, deps.clock.now());
  const runs = [];
  for (const monitor of monitors) {
    if (monitor.evaluated.model !== model) continue;
    const mark = await deps.tiles.watermark(found.row.modelId, monitor.scheduled.allowedLatenessMs);
    if (mark.time === null) throw unknown(`nothing of the model ${model} has been counted yet`);
    runs.push(shadowView(await shadowRun(deps, monitor, found, days, mark.time)));
  }
  return runs;
}

/** A model that only the API knows is read as the configuration's defaults say. */
function modelConfig({ models }: DriftdConfig, name: string): ModelConfig {
  return models.find((model) => model.name === name) ?? defaultModel(name);
}

function knownAs(model: string, row: BaselineRow): UploadResult {
  const { rows, warnings } = row;
  return { baseline: baselineView(model, row), known: true, rows, warnings };
}

function unknown(text: string): DriftdError {
  return new DriftdError('BASELINE_UNKNOWN', text);
}

function otherBytes(found: string, wanted: string): DriftdError {
  const text = `the bytes that came have the SHA-256 ${found}, not ${wanted}: some are missing, or were changed; send the file again`;
  return new DriftdError('BASELINE_INVALID', text);
}

function refused(texts: readonly string[]): DriftdError {
  return new DriftdError('BASELINE_INVALID', `the baseline is refused: ${texts.join('; ')}`);
}
