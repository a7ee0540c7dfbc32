import { randomBytes } from 'node:crypto';
import { execFile } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { DriftdError } from '../../src/platform/errors.ts';
import { freePort } from './free-port.ts';
import { KAFKA_VERSION, kafkaJars, requireJava } from './kafka-jars.ts';
import { serverProperties, storageFormatArgs } from './kafka-properties.ts';
import type { KafkaSecurity } from './kafka-properties.ts';
import { makeTempFolder, spawnGuarded } from './lifecycle.ts';
import type { GuardedProcess, TempFolder } from './lifecycle.ts';

const run = promisify(execFile);
const START_TIMEOUT_MS = 120_000;
const JVM_FLAGS = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];

export interface KafkaOptions {
  /** 4.1.0 to 4.3.1. */
  readonly version?: string;
  /** Opens a second listener with SASL, TLS or both; see KafkaServer.secureBrokers. */
  readonly security?: KafkaSecurity;
  /**
   * Further plain listeners, one a port given: each tells its clients to come to that port, where somebody (a proxy) is to
   * stand before it; see KafkaServer.doors.
   */
  readonly advertised?: readonly number[];
  /** Extra lines for server.properties. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Told about the slow parts (download, format, start), one line each. */
  readonly onProgress?: (line: string) => void;
}

export interface KafkaServer {
  /** Plain loopback listener: `['127.0.0.1:PORT']`. */
  readonly brokers: string[];
  /** The listener with SASL and TLS as asked for; empty without `security`. */
  readonly secureBrokers: string[];
  /** Ports of the listeners behind `advertised`, in that order. */
  readonly doors: readonly number[];
  /** Of the Java process; another one after `restart()`. */
  readonly pid: number;
  /** SIGKILL, as a crash of the machine's process; the data stays. */
  kill9(): Promise<void>;
  /** Stops it when it runs, and starts it again on the same ports and data. */
  restart(): Promise<void>;
  /** Stops the broker and removes its folder. Can be called twice. */
  stop(): Promise<void>;
}

interface Installation {
  readonly java: string;
  readonly classpath: string;
  readonly temp: TempFolder;
  readonly log: string;
}

function tailOf(log: string): string {
  if (!existsSync(log)) return 'no log';
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  const errors = lines.filter((line) => /ERROR|FATAL|Exception/.test(line));
  return (errors.length > 0 ? errors : lines).slice(-3).join(' | ');
}

function javaArgs(installation: Installation, main: string, args: readonly string[]): string[] {
  const config = path.join(installation.temp.path, 'log4j2.xml');
  const log4j = `-Dlog4j2.configurationFile=file:${config}`;
  return [...JVM_FLAGS, log4j, '-cp', installation.classpath, main, ...args];
}

const LOG4J = `<?xml version="1.0" encoding="UTF-8"?>
<Configuration status="ERROR" shutdownHook="disable">
  <Appenders><Console name="out"><PatternLayout pattern="%d %p %c{1}: %m%n"/></Console></Appenders>
  <Loggers><Root level="WARN"><AppenderRef ref="out"/></Root></Loggers>
</Configuration>
`;

async function format(installation: Installation, args: readonly string[]): Promise<void> {
  try {
    await run(installation.java, javaArgs(installation, 'kafka.tools.StorageTool', args));
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new DriftdError('KAFKA_UNREACHABLE', `Kafka could not make its data folder: ${detail}`, {
      cause: error,
    });
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    const done = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => {
      done(true);
    });
    socket.once('error', () => {
      done(false);
    });
  });
}

/** Listeners open only when the broker is unfenced and may serve, one after the other. */
async function waitUntilReady(
  ports: readonly number[],
  broker: GuardedProcess,
  log: string,
): Promise<void> {
  const end = performance.now() + START_TIMEOUT_MS;
  for (const port of ports) {
    while (!(await accepts(port))) {
      if (!broker.alive() || performance.now() > end) {
        await broker.stop('SIGKILL', 0);
        throw new DriftdError('KAFKA_UNREACHABLE', `Kafka did not start: ${tailOf(log)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function launch(
  installation: Installation,
  properties: string,
  ports: readonly number[],
): Promise<GuardedProcess> {
  const output = openSync(installation.log, 'a');
  const args = javaArgs(installation, 'kafka.Kafka', [properties]);
  const broker = await spawnGuarded(installation.java, args, {
    cwd: installation.temp.path,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  await waitUntilReady(ports, broker, installation.log);
  return broker;
}

async function prepare(options: KafkaOptions): Promise<Installation> {
  const java = await requireJava();
  const version = options.version ?? KAFKA_VERSION;
  const jars = await kafkaJars(version, options.onProgress);
  const temp = makeTempFolder('kafka');
  writeFileSync(path.join(temp.path, 'log4j2.xml'), LOG4J);
  return {
    java,
    classpath: path.join(jars, '*'),
    temp,
    log: path.join(temp.path, 'kafka.log'),
  };
}

/**
 * Starts one real Apache Kafka broker (KRaft, broker and controller in one) on free loopback ports.
 * About eight seconds, and once the download of 44 MB.
 *
 * @throws DriftdError JAVA_MISSING, DOWNLOAD_FAILED or KAFKA_UNREACHABLE with what to do
 */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  const installation = await prepare(options);
  const { temp } = installation;
  const doors: { port: number; advertised: number }[] = [];
  for (const advertised of options.advertised ?? [])
    doors.push({ port: await freePort(), advertised });
  const ports = {
    plain: await freePort(),
    controller: await freePort(),
    secure: await freePort(),
    doors,
  };
  const listeners = [
    ports.plain,
    ...doors.map(({ port }) => port),
    ...(options.security === undefined ? [] : [ports.secure]),
  ];
  const properties = path.join(temp.path, 'server.properties');
  let broker: GuardedProcess;
  try {
    writeFileSync(
      properties,
      serverProperties(temp.path, ports, options.security, options.settings),
      {
        mode: 0o600,
      },
    );
    options.onProgress?.('Formatting the storage of Kafka');
    const id = randomBytes(16).toString('base64url');
    await format(installation, storageFormatArgs(id, properties, options.security));
    options.onProgress?.('Starting Kafka');
    broker = await launch(installation, properties, listeners);
  } catch (error) {
    temp.remove();
    throw error;
  }
  return {
    brokers: [`127.0.0.1:${String(ports.plain)}`],
    secureBrokers: options.security === undefined ? [] : [`127.0.0.1:${String(ports.secure)}`],
    doors: doors.map(({ port }) => port),
    get pid() {
      return broker.pid;
    },
    kill9: () => broker.stop('SIGKILL', 0),
    restart: async () => {
      await broker.stop();
      broker = await launch(installation, properties, listeners);
    },
    stop: async () => {
      await broker.stop('SIGTERM', 5000);
      temp.remove();
    },
  };
}
