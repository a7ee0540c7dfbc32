import type { DriftdConfig } from '../config/types.ts';
import { createEventDecoder } from '../ingest/decode/event-decoder.ts';
import type { TopicKey } from '../core/domain/ingestion.ts';
import type { Decoder } from '../ingest/decoder.ts';
import type { EventSource } from '../ingest/event-source.ts';
import type { DeadLetters } from '../ingest/record-counter.ts';
import {
  createHttpSource,
  SOURCE_NAME as HTTP_SOURCE,
  TOPIC as HTTP_TOPIC,
} from '../ingest/http/http-source.ts';
import { createKafkaDeadLetters } from '../ingest/kafka/dead-letters/wire.ts';
import { createKafkaSource, SOURCE_NAME as KAFKA_SOURCE } from '../ingest/kafka/kafka-source.ts';
import {
  createReplaySource,
  SOURCE_NAME as REPLAY_SOURCE,
} from '../ingest/replay/replay-source.ts';
import { createAlertmanagerNotifier } from '../notify/alertmanager/alertmanager-notifier.ts';
import { createEmailNotifier } from '../notify/email/email-notifier.ts';
import { renderPng } from '../notify/email/render-png.ts';
import type { Notifier } from '../notify/notifier.ts';
import { createPagerdutyNotifier } from '../notify/pagerduty/pagerduty-notifier.ts';
import { createSlackNotifier } from '../notify/slack/slack-notifier.ts';
import { createTeamsNotifier } from '../notify/teams/teams-notifier.ts';
import { createWebhookNotifier } from '../notify/webhook/webhook-notifier.ts';
import type { Log } from '../platform/log.ts';
import type { EventInbox } from '../storage/api/event-inbox.ts';
import type { ReaderHold } from '../storage/ingest-store.ts';

/*
 * The explicit lists: which sources and channels there are. A new one is a folder of its own and a line here.
 */

export interface ConfiguredSource {
  readonly source: EventSource;
  /** For one partition of this topic. */
  readonly decoderOf: (topic: string) => Decoder;
  /** Where copies of bad records go. */
  readonly deadLetters?: DeadLetters & { stop(): Promise<void> };
}

/** What sources stand on besides the configuration. */
export interface SourceParts {
  /** null: no events are taken over HTTP. */
  readonly inbox: EventInbox | null;
  /** On what one process of all reads. */
  readonly holdOf: (name: string) => ReaderHold;
  readonly log: Log;
  /** Told what became of copies of bad records. */
  readonly tellDeadLetters: (result: string, letters: number) => void;
}

/** The sources of this configuration. */
export function sourcesOf(
  { kafka, replay, httpSource }: DriftdConfig,
  { inbox, holdOf, log, tellDeadLetters: tell }: SourceParts,
): ConfiguredSource[] {
  const sources: ConfiguredSource[] = [];
  if (kafka !== null)
    sources.push({
      source: createKafkaSource(kafka, log),
      decoderOf(topic) {
        const configured = kafka.topics.find(({ name }) => name === topic);
        return createEventDecoder(configured?.format ?? 'auto', configured?.mapping ?? {});
      },
      ...(kafka.deadLetterTopic === null
        ? {}
        : { deadLetters: createKafkaDeadLetters(kafka, kafka.deadLetterTopic, { log, tell }) }),
    });
  if (replay !== null)
    sources.push({
      source: createReplaySource(replay, holdOf(`${REPLAY_SOURCE}/${replay.name}`), log),
      decoderOf: () =>
        createEventDecoder(replay.eventFormat, replay.mapping, {
          settings: 'replay',
          texts: replay.format === 'csv',
        }),
    });
  if (httpSource !== null && inbox !== null)
    sources.push({
      source: createHttpSource(inbox, holdOf(HTTP_SOURCE), log),
      decoderOf: () =>
        createEventDecoder(httpSource.format, httpSource.mapping, { settings: 'http_source' }),
    });
  return sources;
}

/** What they are called in metrics and positions. */
export function sourceNamesOf(config: DriftdConfig): string[] {
  return [
    ...(config.kafka === null ? [] : [KAFKA_SOURCE]),
    ...(config.replay === null ? [] : [REPLAY_SOURCE]),
    ...(config.httpSource === null ? [] : [HTTP_SOURCE]),
  ];
}

/** A log of the configuration. */
export interface ConfiguredTopic extends TopicKey {
  /** It never ends: a partition of it that is not read stands still. */
  readonly endless: boolean;
}

/** The logs that are read: partitions of others may be known from before. */
export function sourceTopicsOf({
  kafka,
  replay,
  httpSource,
}: Pick<DriftdConfig, 'kafka' | 'replay' | 'httpSource'>): ConfiguredTopic[] {
  const topics: ConfiguredTopic[] = (kafka?.topics ?? []).map(({ name }) => ({
    source: KAFKA_SOURCE,
    topic: name,
    endless: true,
  }));
  if (replay !== null) topics.push({ source: REPLAY_SOURCE, topic: replay.name, endless: false });
  if (httpSource !== null) topics.push({ source: HTTP_SOURCE, topic: HTTP_TOPIC, endless: false });
  return topics;
}

/** The channels that messages can go out by. */
export function notifiersOf(config: DriftdConfig, log: Log): Notifier[] {
  const notifiers: Notifier[] = [];
  const { webhook, slack, teams, alertmanager, pagerduty } = config.channels;
  if (config.smtp !== null) notifiers.push(createEmailNotifier(config.smtp, log, { renderPng }));
  if (webhook.length > 0) notifiers.push(createWebhookNotifier(webhook));
  if (slack.length > 0) notifiers.push(createSlackNotifier(slack));
  if (teams.length > 0) notifiers.push(createTeamsNotifier(teams));
  if (alertmanager.length > 0) notifiers.push(createAlertmanagerNotifier(alertmanager));
  if (pagerduty.length > 0) notifiers.push(createPagerdutyNotifier(pagerduty));
  return notifiers;
}

/** What they are called in metrics and messages. */
export function channelNamesOf({ smtp, channels }: DriftdConfig): string[] {
  const configured = Object.entries(channels).filter(([, list]) => list.length > 0);
  return [...(smtp === null ? [] : ['email']), ...configured.map(([name]) => name)];
}
