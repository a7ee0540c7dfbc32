import type { DriftdConfig } from '../../config/types.ts';
import type { KafkaFacts } from '../../ingest/kafka/inspect.ts';
import type { PartitionStatus } from '../../storage/api/status-reader.ts';
import { fault, ok, unknown, warning } from './finding.ts';
import type { Finding } from './finding.ts';

/**
 * @param partitions stored positions; null: the database does not tell
 * @param toleranceMs how far ahead of the database's clock records may be dated
 */
export function brokerFindings(
  facts: KafkaFacts,
  partitions: readonly PartitionStatus[] | null,
  toleranceMs: number,
): Finding[] {
  const version = facts.version === null ? '' : `, Kafka ${facts.version}`;
  const findings = [ok('kafka', `${facts.brokers.join(', ')} answer${version}`)];
  for (const [topic, { partitions: ranges, ahead }] of facts.topics) {
    if (ranges.size === 0) {
      findings.push(
        fault(
          `topic ${topic}`,
          'the brokers do not have it',
          'create it, or correct kafka.topics',
          'KAFKA_TOPIC_MISSING',
        ),
      );
      continue;
    }
    findings.push(ok(`topic ${topic}`, `${String(ranges.size)} partitions`));
    findings.push(
      ...(partitions === null
        ? [unknown(`positions ${topic}`, 'the stored positions could not be read')]
        : positionFindings(topic, ranges, partitions)),
    );
    if (ahead.length > 0)
      findings.push(
        warning(
          `clock ${topic}`,
          `partitions ${ahead.join(', ')} hold records dated more than ${String(toleranceMs / 60_000)} min ahead of the database's clock`,
          'let producers, brokers and database follow the same time servers (NTP); such events go to quarantine as future-event',
        ),
      );
  }
  if (facts.group !== null)
    findings.push(
      facts.group.members > 0
        ? groupFinding(facts.group)
        : warning(
            'group',
            'no process reads in the consumer group',
            'start driftd run with the role ingest',
          ),
    );
  return findings;
}

/** A group that is sharing its partitions out reads nothing meanwhile. */
function groupFinding({ members, state }: NonNullable<KafkaFacts['group']>): Finding {
  const says = `${String(members)} members, ${state}`;
  return state === 'Stable'
    ? ok('group', says)
    : warning(
        'group',
        `${says}: its partitions are being shared out, and not read meanwhile`,
        'look again in a minute; if it stays, a member is stuck: driftd status names the processes',
      );
}

type Ranges = ReadonlyMap<number, { readonly start: number; readonly end: number }>;

function positionFindings(
  topic: string,
  ranges: Ranges,
  stored: readonly PartitionStatus[],
): Finding[] {
  const check = (partition: number): string => `position ${topic}/${String(partition)}`;
  const findings: Finding[] = [];
  let lag = 0;
  let known = 0;
  for (const { source, partition, nextOffset, ...row } of stored) {
    if (source !== 'kafka' || row.topic !== topic) continue;
    const range = ranges.get(partition);
    known += 1;
    if (range === undefined || nextOffset > range.end) {
      findings.push(
        fault(
          check(partition),
          `the stored position ${String(nextOffset)} is behind the end of the log${range === undefined ? ', which is not there' : ` (${String(range.end)})`}: the topic was cut off or made anew`,
          'docs/operations.md, DriftdPartitionHalted',
        ),
      );
      continue;
    }
    if (nextOffset < range.start)
      findings.push(
        warning(
          check(partition),
          `${String(range.start - nextOffset)} records were deleted before they were read`,
          "lengthen the topic's retention, and find out why driftd was that far behind",
        ),
      );
    lag += range.end - Math.max(nextOffset, range.start);
  }
  const fresh = ranges.size - known;
  const more = fresh > 0 ? `; ${String(fresh)} partitions were never read` : '';
  return findings.length > 0
    ? findings
    : [ok(`positions ${topic}`, `inside the log, ${String(lag)} records behind its end${more}`)];
}

/** What is wrong with no broker answering, in one sentence. */
export function brokerUnreachable(config: DriftdConfig, reason: string): Finding {
  return fault(
    'kafka',
    `no broker answers at ${config.kafka?.brokers.join(', ') ?? ''}: ${reason}`,
    'check kafka.brokers, and kafka.tls and kafka.sasl if the listener asks for them',
    'KAFKA_UNREACHABLE',
  );
}
