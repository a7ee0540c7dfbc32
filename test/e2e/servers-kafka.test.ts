import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import type { KafkaConfig } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { requireJava } from '../../scripts/servers/kafka-jars.ts';
import { startKafka } from '../../scripts/servers/kafka.ts';
import { calmIdleConnections } from '../../src/ingest/kafka/idle-connections.ts';
import { kafkaBrokers, uniqueName } from '../support/servers.ts';

const run = promisify(execFile);
calmIdleConnections();

/** Makes a topic, produces `values` to it and returns what a consumer group reads back. */
async function roundTrip(
  config: Omit<KafkaConfig, 'logLevel'>,
  values: string[],
): Promise<string[]> {
  const client = new Kafka({ ...config, logLevel: logLevel.NOTHING });
  const topic = uniqueName('topic');
  const admin = client.admin();
  const producer = client.producer();
  const consumer = client.consumer({ groupId: uniqueName('group') });
  await Promise.all([admin.connect(), producer.connect(), consumer.connect()]);
  try {
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1 }] });
    await producer.send({ topic, messages: values.map((value) => ({ value })) });
    await consumer.subscribe({ topic, fromBeginning: true });
    const read: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const eachMessage = ({ message }: { message: { value: Buffer | null } }): Promise<void> => {
        read.push(String(message.value));
        if (read.length === values.length) resolve();
        return Promise.resolve();
      };
      consumer.run({ eachMessage }).catch(reject);
    });
    return read;
  } finally {
    await Promise.all([admin.disconnect(), producer.disconnect(), consumer.disconnect()]);
  }
}

async function selfSigned(): Promise<{ key: string; certificate: string }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'driftd-tls-'));
  const [key, certificate] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
  try {
    const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key];
    args.push('-out', certificate, '-subj', '/CN=localhost');
    args.push('-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost');
    await run('openssl', args);
    return { key: readFileSync(key, 'utf8'), certificate: readFileSync(certificate, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("the run's Kafka", () => {
  it('gives back what was produced', async () => {
    const read = await roundTrip({ brokers: kafkaBrokers() }, ['a', 'b', 'c']);
    expect(read).toEqual(['a', 'b', 'c']);
  });
});

describe('startKafka', () => {
  it('keeps topics through kill9 and restart', async () => {
    const server = await startKafka();
    try {
      const client = new Kafka({ brokers: server.brokers, logLevel: logLevel.NOTHING });
      const admin = client.admin();
      await admin.connect();
      await admin.createTopics({ waitForLeaders: true, topics: [{ topic: 'kept' }] });
      await admin.disconnect();
      const before = server.pid;
      await server.kill9();
      await server.restart();
      expect(server.pid).not.toBe(before);
      await admin.connect();
      expect(await admin.listTopics()).toContain('kept');
      await admin.disconnect();
    } finally {
      await server.stop();
    }
  });

  it('speaks SASL SCRAM over TLS, and refuses a wrong password', async () => {
    const tls = await selfSigned();
    const login = { username: 'driftd', password: 'right' };
    const security = { tls, sasl: { mechanism: 'scram-sha-512' as const, ...login } };
    const server = await startKafka({ security });
    try {
      const config = {
        brokers: server.secureBrokers,
        ssl: { ca: [tls.certificate] },
        sasl: security.sasl,
        retry: { retries: 0 },
        // Who has just started takes its time for the first handshake.
        connectionTimeout: 20_000,
        authenticationTimeout: 30_000,
      };
      const wrong = { ...config, sasl: { ...security.sasl, password: 'wrong' } };
      const admin = new Kafka({ ...wrong, logLevel: logLevel.NOTHING }).admin();
      await expect(admin.connect()).rejects.toThrow(/SASL SCRAM/);
      expect(await roundTrip({ ...config, retry: { retries: 3 } }, ['secret'])).toEqual(['secret']);
    } finally {
      await server.stop();
    }
  });

  it('speaks SASL PLAIN', async () => {
    const sasl = { mechanism: 'plain' as const, username: 'driftd', password: 'right' };
    const server = await startKafka({ security: { sasl } });
    try {
      expect(await roundTrip({ brokers: server.secureBrokers, sasl }, ['x'])).toEqual(['x']);
    } finally {
      await server.stop();
    }
  });

  it('says in one sentence what to install when there is no Java', async () => {
    const { PATH, JAVA_HOME } = process.env;
    process.env['PATH'] = '/nonexistent';
    delete process.env['JAVA_HOME'];
    try {
      await expect(requireJava()).rejects.toThrow(
        /^Kafka needs Java 17 or newer, and there is none on PATH: install a JDK 17 or newer and Maven \(.+\), or use --source replay/,
      );
    } finally {
      process.env['PATH'] = PATH;
      if (JAVA_HOME !== undefined) process.env['JAVA_HOME'] = JAVA_HOME;
    }
  });
});
