import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Baseline } from '../../core/baseline/types.ts';
import type { DeclaredFeature, History } from '../../core/baseline/sampler.ts';
import type { DriftdConfig, ModelConfig } from '../../config/types.ts';
import type { UploadDeclarations } from '../../expose/api/baselines/desk.ts';
import type { FeatureSaid } from '../../storage/baseline-store.ts';
import type { CatalogStore } from '../../storage/catalog-store.ts';
import { keepsSlots } from '../compare/seasons.ts';

/** What the configuration says about reading rows of a model. Plain data, so that a child process can be told. */
export interface RowDeclarations {
  readonly timeColumn: string | null;
  readonly declared: readonly (readonly [name: string, declared: DeclaredFeature])[];
  readonly attributes: readonly string[];
  readonly slots: boolean;
  /** Names that whoever uploads speaks of: what has none of them was meant otherwise. */
  readonly said?: readonly string[];
}

export function declarationsOf(config: DriftdConfig, model: ModelConfig): RowDeclarations {
  return {
    timeColumn: model.timeColumn,
    declared: [...model.features].map(([name, { kind, role, tier, categories }]) => [
      name,
      {
        ...(kind === null ? {} : { kind }),
        ...(role === null ? {} : { role }),
        ignore: tier === 'ignore',
        ...(categories === null ? {} : { categories }),
      },
    ]),
    attributes: model.attributes,
    slots: keepsSlots(config, model.name),
  };
}

/** The same with what an upload says of its own columns, which wins. */
export function withUpload(of: RowDeclarations, upload: UploadDeclarations): RowDeclarations {
  const declared = new Map(of.declared);
  const say = (names: readonly string[] | undefined, said: DeclaredFeature): void => {
    for (const name of names ?? []) {
      const { categories, ...before } = declared.get(name) ?? {};
      // Of another kind it has no categories.
      const keeps = categories !== undefined && (said.kind ?? 'categorical') === 'categorical';
      declared.set(name, { ...before, ...(keeps ? { categories } : {}), ...said });
    }
  };
  say(upload.numeric, { kind: 'numeric' });
  say(upload.categorical, { kind: 'categorical' });
  say(upload.boolean, { kind: 'boolean' });
  say(upload.prediction, { role: 'prediction' });
  say(upload.label, { role: 'label' });
  say(upload.ignore, { ignore: true });
  const { time, categories = {}, unit = {}, ...lists } = upload;
  for (const [name, list] of Object.entries(categories)) {
    say([name], { kind: 'categorical', categories: list });
  }
  const said = [
    ...Object.values(lists).flat(),
    ...Object.keys(categories),
    ...Object.keys(unit),
    ...(time === undefined ? [] : [time]),
  ];
  return {
    ...of,
    declared: [...declared],
    timeColumn: time ?? of.timeColumn,
    ...(said.length === 0 ? {} : { said: [...new Set(said)].toSorted() }),
  };
}

/** Tiers and units that whoever uploads gives: they are kept with the version. */
export function saidOf({
  critical = [],
  unit = {},
}: UploadDeclarations): ReadonlyMap<string, FeatureSaid> {
  const said = new Map<string, FeatureSaid>(
    Object.entries(unit).map(([name, text]) => [name, { unit: text }]),
  );
  for (const name of critical) said.set(name, { ...said.get(name), tier: 'critical' });
  return said;
}

/** Roles, tiers and units of the configuration, for whoever counts, judges and activates. */
export async function declareFeatures(config: DriftdConfig, catalog: CatalogStore): Promise<void> {
  for (const { name, features } of config.models) {
    const { id } = await catalog.ensureModel(name);
    const declared = [...features].map(([feature, { role, tier, unit }]) => ({
      name: feature,
      role,
      tier,
      unit,
    }));
    await catalog.declareFeatures(id, declared);
  }
}

/** The binnings that history is counted under: the active baseline's own, then those of the days before. */
export function historyOf(active: Baseline | null, before: History): History {
  const own = new Map(active?.features.map(({ name, histogram }) => [name, histogram.binning]));
  return new Map(
    [...new Set([...own.keys(), ...before.keys()])].map((name) => {
      const first = own.get(name);
      const others = before.get(name) ?? [];
      return [
        name,
        first === undefined
          ? others
          : [first, ...others.filter((binning) => binning.id !== first.id)],
      ];
    }),
  );
}

/** SHA-256 of a file's bytes, in hex. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}

/** Endings that tell how a file is read, and nothing of what else it is called. */
const ENDING = /(?:\.baseline)?\.[a-z]+(?:\.gz)?$/;

/**
 * Of a file's content and of all that decides what it is read as; not of the binnings of the moment.
 * @param sha256 of its bytes, in hex @param name of the file: its ending tells the format
 */
export function sourceFingerprint(
  sha256: string,
  name: string,
  model: string,
  declarations: RowDeclarations,
): string {
  const ending = ENDING.exec(name.toLowerCase())?.[0] ?? '';
  const source = JSON.stringify(['source/2', model, ending, declarations, sha256]);
  return createHash('sha256').update(source).digest('hex');
}
