import { Kafka, logLevel } from 'kafkajs';
import type { KafkaConfig as ClientConfig, LogEntry, SASLOptions } from 'kafkajs';
import type { KafkaConfig, KafkaSaslConfig } from '../../config/types.ts';
import type { Log } from '../../platform/log.ts';
import { createBearerTokens } from './bearer-token.ts';
import { calmIdleConnections } from './idle-connections.ts';
import { readingSocket, replaceReading } from './network/reading.ts';

/** Reached within this time at start, or the start fails. */
const CONNECT_MS = 5_000;

/** A kafkajs client from the configuration; its log lines go to ours. */
export function createKafkaClient(config: KafkaConfig, log: Log): Kafka {
  calmIdleConnections();
  replaceReading();
  const options: ClientConfig = {
    clientId: config.clientId,
    brokers: [...config.brokers],
    connectionTimeout: CONNECT_MS,
    requestTimeout: 30_000,
    socketFactory: readingSocket,
    retry: { initialRetryTime: 200, maxRetryTime: 5_000, retries: 8 },
    logLevel: logLevel.INFO,
    logCreator: () => (entry) => {
      forward(log, entry);
    },
  };
  if (config.tls !== null) {
    const { ca, cert, key, serverName } = config.tls;
    options.ssl = {
      ...(ca === null ? {} : { ca: [ca] }),
      ...(cert === null ? {} : { cert }),
      ...(key === null ? {} : { key }),
      ...(serverName === null ? {} : { servername: serverName }),
    };
  }
  if (config.sasl !== null) options.sasl = saslOf(config.sasl);
  return new Kafka(options);
}

function saslOf(sasl: KafkaSaslConfig): SASLOptions {
  if (sasl.mechanism !== 'oauthbearer') return { ...sasl };
  const tokens = createBearerTokens(sasl.token);
  return {
    mechanism: 'oauthbearer',
    oauthBearerProvider: async () => ({ value: await tokens() }),
  };
}

/** kafkajs is chatty about what it then repairs itself: its errors are our warnings, the rest is for debugging. */
function forward(log: Log, entry: LogEntry): void {
  const { message, error } = entry.log as { message: string; error?: unknown };
  const detail =
    typeof error === 'string' ? { client: entry.namespace, error } : { client: entry.namespace };
  if (entry.level <= logLevel.ERROR) log.warn(detail, message);
  else log.debug(detail, message);
}
