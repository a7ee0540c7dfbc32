import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DriftdConfig } from '../../config/types.ts';
import type { BaselineDesk, BaselineView } from '../../expose/api/baselines/desk.ts';
import { DriftdError, toError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import { ROW_FILE_ENDINGS } from '../../ingest/rows/row-file.ts';
import { DOCUMENT_ENDING } from './reading/read-file.ts';

const BY_FILE = { actor: 'baselines folder', reason: 'the file is new' };
const AS_BEFORE = { ...BY_FILE, reason: 'the file, and what is declared of it, is as before' };

/** The baselines folder: what lies there is active, unless it was retired on purpose. */
export interface BaselineFolder {
  /**
   * Loads every model's file; a model of the configuration must have one, or an active baseline already.
   * @throws DriftdError BASELINE_MISSING | BASELINE_INVALID | INPUT_INVALID
   */
  load(): Promise<void>;
  /**
   * Reads and checks as `load` would, and stores nothing.
   * @returns models whose file holds a baseline that is not stored yet
   * @throws DriftdError as `load`
   */
  check(): Promise<ReadonlySet<string>>;
  /** Loads what has changed since. What cannot be taken is told in the log, once, and changes nothing. */
  look(): Promise<void>;
}

/** A file whose content is known changes nothing; new content becomes the next version and is activated. */
export function createBaselineFolder(
  /** Read anew at every look: a reload changes what it says. */
  config: DriftdConfig,
  desk: BaselineDesk,
  log: Log,
): BaselineFolder {
  /** What was seen of each file, so that only a change is read. */
  const seen = new Map<string, string>();

  async function loadFile(folder: string, model: string, file: string): Promise<void> {
    const path = join(folder, file);
    const { mtimeMs, size } = await stat(path);
    const look = `${mtimeMs} ${size}`;
    if (seen.get(path) === look) return;
    // A file that cannot be taken is not tried again before it changes.
    seen.set(path, look);
    const { baseline, known, warnings } = await desk.upload(model, {
      ...BY_FILE,
      path,
      validateOnly: false,
    });
    if (!known) for (const { text } of warnings) log.warn({ model, file }, text);
    if (baseline === null) return;
    const isNew = baseline.state === 'candidate';
    if (!isNew && !(await comesBack(desk, model, baseline))) return;
    const { version, rows } = await desk.activate(
      model,
      baseline.version,
      isNew ? BY_FILE : AS_BEFORE,
      null,
    );
    log.info({ model, version, rows, file }, 'baseline activated');
  }

  return {
    async load() {
      const { directory } = config.baselines;
      if (directory === null) return;
      const files = await listFolder(directory);
      for (const { name } of config.models) {
        const file = fileOf(name, files, directory);
        if (file !== null) await loadFile(directory, name, file);
        else if (!(await hasBaseline(desk, name))) throw missing(name, directory);
      }
    },
    async check() {
      const { directory } = config.baselines;
      const fresh = new Set<string>();
      if (directory === null) return fresh;
      const files = await listFolder(directory);
      for (const { name } of config.models) {
        const file = fileOf(name, files, directory);
        if (file === null && !(await hasBaseline(desk, name))) throw missing(name, directory);
        if (file === null) continue;
        const path = join(directory, file);
        const upload = { ...BY_FILE, path, validateOnly: true };
        const { known, baseline } = await desk.upload(name, upload);
        if (!known || (baseline !== null && (await comesBack(desk, name, baseline))))
          fresh.add(name);
      }
      return fresh;
    },
    async look() {
      const { directory } = config.baselines;
      if (directory === null) return;
      try {
        const files = await listFolder(directory);
        for (const { name } of config.models) {
          const file = fileOf(name, files, directory);
          if (file === null) continue;
          try {
            await loadFile(directory, name, file);
          } catch (thrown) {
            log.warn({ model: name, file, err: toError(thrown) }, 'the baseline file is not taken');
          }
        }
      } catch (thrown) {
        log.warn({ err: toError(thrown) }, 'the baselines folder cannot be looked at');
      }
    },
  };
}

/**
 * Is it a version that the folder itself replaced, so that it is active again with the file, or the declarations, of
 * then? What somebody else retired stays retired.
 */
async function comesBack(
  desk: Pick<BaselineDesk, 'events'>,
  model: string,
  { version, state }: BaselineView,
): Promise<boolean> {
  if (state !== 'retired') return false;
  const made = (await desk.events(model)).filter(
    ({ action }) => action === 'activated' || action === 'rolled-back',
  );
  const last = made.findLastIndex((event) => event.version === version);
  return last >= 0 && made[last + 1]?.actor === BY_FILE.actor;
}

async function hasBaseline(desk: BaselineDesk, model: string): Promise<boolean> {
  return (await desk.list(model)).some(({ state }) => state === 'active');
}

function missing(model: string, directory: string): DriftdError {
  return new DriftdError(
    'BASELINE_MISSING',
    `the model ${model} has no baseline: put one into ${directory}, for example as ${model}.csv, or take baselines.directory out of the configuration to start without`,
  );
}

async function listFolder(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (thrown) {
    throw new DriftdError(
      'BASELINE_MISSING',
      `the baselines folder ${directory} cannot be read: ${toError(thrown).message}; create it, or correct baselines.directory, which counts from the folder of the configuration`,
      { cause: thrown },
    );
  }
}

function fileOf(model: string, files: readonly string[], directory: string): string | null {
  const candidates = [DOCUMENT_ENDING, ...ROW_FILE_ENDINGS].map((ending) => `${model}${ending}`);
  const found = candidates.filter((name) => files.includes(name));
  if (found.length > 1) {
    throw new DriftdError(
      'BASELINE_INVALID',
      `${directory} holds ${found.length} baselines of ${model}: ${found.join(', ')}; keep one`,
    );
  }
  return found[0] ?? null;
}
