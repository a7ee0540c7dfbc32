import { SLOT } from '../../../core/domain/event-frame.ts';
import type { EventFrame, ModelSchema } from '../../../core/domain/event-frame.ts';
import type { RecordBatch } from '../../../core/domain/ingestion.ts';
import type { RowValue } from '../../../core/baseline/row-value.ts';
import { FrameList } from '../../../ingest/decoder.ts';
import type { Decoder } from '../../../ingest/decoder.ts';
import type { Row, RowFile } from '../../../ingest/rows/row-file.ts';
import { DriftdError } from '../../../platform/errors.ts';

/** Column of the event time: no feature has such a name. */
export const TIME_COLUMN = '\0time';
/** What a value of another kind is in a row: no number, and neither true nor false. */
const INVALID = 'no value of this kind';

/** Events of a slice as rows of a file, with what was not among them. */
export interface EventRows {
  readonly file: RowFile;
  /** Records of the last pass that are no events of the model, or could not be read. */
  readonly left: { other: number; rejected: number };
}

/**
 * @param read reads the slice from its start, each time it is asked
 * @param records in the slice, for progress
 */
export function eventRows(
  name: string,
  schema: ModelSchema,
  records: number,
  decoderOf: () => Decoder,
  read: () => AsyncIterable<RecordBatch>,
): EventRows {
  const features = schema.features.map((feature) => feature.name);
  const ownNames = new Set(features);
  // An attribute that is a feature, too, is one column: it says the same.
  const extra = schema.attributes.filter((attribute) => !ownNames.has(attribute));
  const columns = [...features, ...extra, TIME_COLUMN];
  const extraAt = extra.map((attribute) => schema.attributes.indexOf(attribute));
  const left = { other: 0, rejected: 0 };
  const schemas = { schema: (model: string) => (model === schema.model ? schema : null) };

  function rowOf(frame: EventFrame): Row {
    return [
      ...schema.features.map(({ kind }, i): RowValue => valueOf(frame, i, kind === 'numeric')),
      ...extraAt.map((at) => frame.attributes[at] ?? null),
      new Date(frame.time).toISOString(),
    ];
  }

  async function* rows(onBytes?: (read: number) => void): AsyncGenerator<Row> {
    const decoder = decoderOf();
    const frames = new FrameList();
    let seen = 0;
    left.other = 0;
    left.rejected = 0;
    for await (const batch of read()) {
      for (const record of batch.records) {
        seen += 1;
        if (record.value === null && record.fault === undefined) continue;
        frames.clear();
        const rejection =
          record.fault === undefined
            ? decoder.decode(record, schemas, frames)
            : { reason: 'invalid-encoding' as const };
        if (rejection?.reason === 'unknown-model') left.other += 1;
        else if (rejection !== null) left.rejected += 1;
        else for (let i = 0; i < frames.length; i += 1) yield rowOf(frames.at(i));
      }
      onBytes?.(seen);
    }
  }

  return {
    left,
    file: {
      name,
      size: Math.max(1, records),
      columns: () => Promise.resolve(columns),
      skipped: () => Promise.resolve([]),
      placeOf: (row) => Promise.resolve(`${name}: event ${row + 1}`),
      async *rows(onBytes) {
        let any = false;
        for await (const row of rows(onBytes)) {
          any = true;
          yield row;
        }
        if (any) return;
        const text = `${name} holds no event of the model ${schema.model}: ${left.other} records are of other models, ${left.rejected} cannot be read`;
        throw new DriftdError('INPUT_INVALID', text);
      },
    },
  };
}

/** As the tiles would count it: a text is no number in an event, whatever it says. */
function valueOf({ slots, numbers, texts }: EventFrame, at: number, isNumeric: boolean): RowValue {
  switch (slots[at]) {
    case SLOT.number:
      return numbers[at] as number;
    case SLOT.boolean:
      return numbers[at] === 1;
    case SLOT.text:
      return isNumeric ? INVALID : (texts[at] as string);
    case SLOT.invalid:
      return INVALID;
    default:
      return null;
  }
}
