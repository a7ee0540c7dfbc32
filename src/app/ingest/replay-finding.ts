import { stat } from 'node:fs/promises';

import type { ReplayConfig } from '../../config/types.ts';
import { textOf } from '../../ingest/decode/record-text.ts';
import type { FileRecord } from '../../ingest/replay/file-record.ts';
import { fileRecords } from '../../ingest/replay/file-records.ts';
import { toError } from '../../platform/errors.ts';
import { fault, ok, warning } from '../status/finding.ts';
import type { Finding } from '../status/finding.ts';

const CHECK = 'replay';

/** Looks at the file that is replayed: is it there, and is its first record of its format? */
export async function replayFindings(config: ReplayConfig | null): Promise<Finding[]> {
  if (config === null) return [];
  const { path, format } = config;
  try {
    await stat(path);
  } catch (thrown) {
    return [
      fault(
        CHECK,
        `the file ${path} cannot be read: ${toError(thrown).message}`,
        'put it there, or correct replay.path, which counts from the folder of the configuration',
        'INPUT_UNREADABLE',
      ),
    ];
  }
  try {
    const first = await firstOf(config);
    const wrong = first === null ? null : wrongWith(first, config);
    if (wrong !== null)
      return [
        warning(
          CHECK,
          `the file ${path}: ${wrong}`,
          'correct replay.format, or the keys beside it',
        ),
      ];
    const told = first === null ? 'has no record yet' : `can be read as ${format}`;
    return [ok(CHECK, `the file ${path} ${told}`)];
  } catch (thrown) {
    return [
      fault(
        CHECK,
        `the file ${path} cannot be read as ${format}: ${toError(thrown).message}`,
        'correct replay.path or replay.format; driftd run tries again until it can',
      ),
    ];
  }
}

async function firstOf(config: ReplayConfig): Promise<FileRecord | null> {
  for await (const records of fileRecords(config, 0)) {
    const [first] = records;
    if (first !== undefined) return first;
  }
  return null;
}

/** What would put every record into quarantine, most likely; null: nothing. */
function wrongWith(
  { value, fault: broken }: FileRecord,
  { format, mapping }: ReplayConfig,
): string | null {
  if (broken !== undefined) return `its first record is none: ${broken.detail}`;
  let event: unknown;
  try {
    event = JSON.parse(textOf(value));
  } catch {
    return 'its first line is no JSON';
  }
  if (format === 'ndjson' || mapping.time === undefined) return null;
  if (Object.hasOwn(event as object, mapping.time)) return null;
  return `its first row has no time, in a column ${mapping.time}`;
}
