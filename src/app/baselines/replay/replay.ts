import { randomUUID } from 'node:crypto';
import type { ModelSchema } from '../../../core/domain/event-frame.ts';
import type { Feature } from '../../../core/domain/feature.ts';
import type { DeclaredFeature, History } from '../../../core/baseline/sampler.ts';
import { checkAttributes } from '../../../core/baseline/checks/attributes.ts';
import { warning } from '../../../core/baseline/checks/finding.ts';
import type { Finding } from '../../../core/baseline/checks/finding.ts';
import type { Baseline } from '../../../core/baseline/types.ts';
import type { DriftdConfig } from '../../../config/types.ts';
import { createEventDecoder } from '../../../ingest/decode/event-decoder.ts';
import { createKafkaSource } from '../../../ingest/kafka/kafka-source.ts';
import { sliceLog } from '../../../ingest/kafka/slice/log-slice.ts';
import { DriftdError } from '../../../platform/errors.ts';
import type { Log } from '../../../platform/log.ts';
import type { ModelRow } from '../../../storage/catalog-store.ts';
import { baselineFromRows } from '../../baseline-from-rows.ts';
import type { RowDeclarations } from '../declarations.ts';
import { TIME_COLUMN, eventRows } from './event-rows.ts';
import { readSlice } from './slice-reader.ts';

/** Records that are read at most, twice each: about an hour. */
const MAX_RECORDS = 20_000_000;

/** A stretch of a topic, by the time that Kafka gives its records; ms since the epoch. */
export interface ReplayRange {
  readonly topic: string;
  readonly from: number;
  readonly to: number;
}

export interface ReplayRequest extends ReplayRange {
  readonly model: ModelRow;
  readonly features: readonly Feature[];
  readonly declarations: RowDeclarations;
  readonly history: History;
  readonly onProgress?: (share: number) => void;
}

export type ReplayTopic = (
  request: ReplayRequest,
) => Promise<{ readonly baseline: Baseline; readonly findings: readonly Finding[] }>;

/**
 * Makes a baseline of the events of a topic, read twice by a consumer of its own: it commits nothing, and what is counted
 * goes on beside it.
 * @param config read anew each time: a reload changes what it says
 * @throws (from the call) DriftdError INPUT_INVALID | KAFKA_UNREACHABLE | KAFKA_TOPIC_MISSING
 */
export function replayTopic(config: Pick<DriftdConfig, 'kafka'>, log: Log): ReplayTopic {
  return async ({ model, topic, from, to, features, declarations, history, onProgress }) => {
    const { kafka } = config;
    const configured = kafka?.topics.find(({ name }) => name === topic);
    if (kafka === null || configured === undefined) {
      const text = `the configuration reads no topic ${topic}: it can be replayed once kafka.topics names it`;
      throw new DriftdError('INPUT_INVALID', text);
    }
    if (!(from < to)) throw new DriftdError('INPUT_INVALID', 'a replay begins before it ends');
    const name = `${topic} from ${iso(from)} to ${iso(to)}`;
    const ranges = await sliceLog(kafka, topic, { from, to }, log);
    const records = [...ranges.values()].reduce((sum, { start, end }) => sum + end - start, 0);
    if (records === 0) throw new DriftdError('INPUT_INVALID', `${name} holds no record`);
    if (records > MAX_RECORDS) {
      const text = `${name} holds ${records} records, at most ${MAX_RECORDS} are replayed: take a shorter time`;
      throw new DriftdError('INPUT_INVALID', text);
    }
    const schema = schemaOf(model, features, declarations);
    const named = new Map(declarations.declared);
    const read = () => {
      const own = {
        ...kafka,
        group: `${kafka.group}-replay-${randomUUID()}`,
        topics: [{ ...configured, start: 'earliest' as const }],
      };
      return readSlice(createKafkaSource(own, log), ranges);
    };
    const decoderOf = () => createEventDecoder(configured.format, configured.mapping);
    const { file, left } = eventRows(name, schema, records, decoderOf, read);
    const attributes = schema.attributes.filter((attribute) => !schema.indexOf.has(attribute));
    const findings: Finding[] = [];
    const baseline = await baselineFromRows(file, {
      model: model.name,
      timeColumn: TIME_COLUMN,
      declared: new Map<string, DeclaredFeature>([
        ...schema.features.map(({ name: of, kind, role }) => {
          const { categories } = named.get(of) ?? {};
          const tracked = kind !== 'categorical' || categories === undefined ? {} : { categories };
          return [of, { kind, role, ...tracked }] as const;
        }),
        ...attributes.map((of) => [of, { ignore: true }] as const),
      ]),
      attributes: schema.attributes,
      provenance: `events of ${name}`,
      slots: declarations.slots,
      history,
      onAttributes: (told) => findings.push(...checkAttributes(told)),
      ...(onProgress === undefined
        ? {}
        : { onBytes: (bytes) => onProgress(bytes / (2 * file.size)) }),
    });
    if (left.rejected > 0) findings.push(rejected(left.rejected, records));
    return { baseline, findings };
  };
}

const iso = (time: number): string => new Date(time).toISOString();

function rejected(count: number, records: number): Finding {
  const text = `${count} of ${records} records of the time could not be read as events: they are not in it`;
  return warning('unreadable-events', null, text);
}

/** What events are looked through for: what is watched, or without a version what the configuration declares whole. */
function schemaOf(
  model: ModelRow,
  watched: readonly Feature[],
  { declared, attributes }: RowDeclarations,
): ModelSchema {
  const named = new Map(declared);
  const features =
    watched.length > 0
      ? watched.filter(({ tier }) => tier !== 'ignore')
      : declared.flatMap(([name, { kind, role = 'input', ignore }], i): Feature[] =>
          kind === undefined || ignore === true
            ? []
            : [{ id: i + 1, name, kind, role, tier: 'standard' }],
        );
  if (features.length === 0) {
    const text = `nothing says which features the events of ${model.name} have: upload rows first, or declare features with their kinds in the configuration`;
    throw new DriftdError('INPUT_INVALID', text);
  }
  return {
    modelId: model.id,
    model: model.name,
    features,
    indexOf: new Map(features.map(({ name }, i) => [name, i])),
    ignored: new Set([...named].filter(([, { ignore }]) => ignore === true).map(([name]) => name)),
    attributes,
  };
}
