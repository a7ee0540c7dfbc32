import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startKafka } from '../../scripts/servers/kafka.ts';
import type { KafkaServer } from '../../scripts/servers/kafka.ts';
import type { KafkaConfig, KafkaTlsConfig } from '../../src/config/types.ts';
import { createKafkaSource } from '../../src/ingest/kafka/kafka-source.ts';
import { createLog } from '../../src/platform/log.ts';
import { kafkaConfig } from '../support/kafka-config.ts';
import { startOracle } from '../support/kafka-oracle.ts';
import { SourceReader } from '../support/source-reader.ts';

const run = promisify(execFile);
const TOPIC = 'predictions';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'driftd-security-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A certificate that is its own authority. */
async function selfSigned(name: string): Promise<{ key: string; certificate: string }> {
  const [key, certificate] = [`${name}.key`, `${name}.pem`].map((file) => path.join(folder, file));
  const args = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
  ];
  args.push('-keyout', key ?? '', '-out', certificate ?? '');
  args.push('-addext', 'subjectAltName=IP:127.0.0.1');
  await run('openssl', args);
  return {
    key: readFileSync(key ?? '', 'utf8'),
    certificate: readFileSync(certificate ?? '', 'utf8'),
  };
}

/** Writes one record through the open listener and reads it through the secured one. */
async function readsThrough(server: KafkaServer, changes: Partial<KafkaConfig>): Promise<string[]> {
  const reader = new SourceReader(
    createKafkaSource(kafkaConfig(server.secureBrokers, [TOPIC], changes), createLog('silent')),
  );
  try {
    await reader.start();
    const records = await reader.read(TOPIC, 1);
    return records.map(({ value }) => Buffer.from(value ?? '').toString());
  } finally {
    await reader.stop();
  }
}

async function withOneRecord(server: KafkaServer): Promise<void> {
  const kafka = await startOracle(server.brokers);
  await kafka.run('create', TOPIC, 1);
  await kafka.run('producer', 'plain');
  await kafka.run('send', 'plain', TOPIC, 0, '~', 'secret');
  await kafka.run('flush', 'plain');
  await kafka.stop();
}

describe('mutual TLS', () => {
  let server: KafkaServer;
  let tls: KafkaTlsConfig;

  beforeAll(async () => {
    const broker = await selfSigned('broker');
    const client = await selfSigned('client');
    server = await startKafka({
      security: { tls: { ...broker, clientAuthority: client.certificate } },
    });
    await withOneRecord(server);
    tls = { ca: broker.certificate, cert: client.certificate, key: client.key, serverName: null };
  });

  afterAll(() => server.stop());

  it('lets in who has a certificate', async () => {
    expect(await readsThrough(server, { tls })).toEqual(['secret']);
  });

  it('keeps out who has none', async () => {
    await expect(readsThrough(server, { tls: { ...tls, cert: null, key: null } })).rejects.toThrow(
      /^no Kafka broker answers at 127/,
    );
  });

  it('does not trust a broker whose authority is not given', async () => {
    await expect(readsThrough(server, { tls: { ...tls, ca: tls.cert } })).rejects.toThrow(
      /self-signed certificate/,
    );
  });
});

describe('a name and a password', () => {
  const mechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
  const login = { username: 'driftd', password: 'open-sesame' };
  let server: KafkaServer;

  beforeAll(async () => {
    server = await startKafka({ security: { sasl: { mechanism: mechanisms, ...login } } });
    await withOneRecord(server);
  });

  afterAll(() => server.stop());

  it.each(mechanisms)('let in by %s', async (mechanism) => {
    expect(await readsThrough(server, { sasl: { mechanism, ...login } })).toEqual(['secret']);
  });

  it.each(mechanisms)('keep out by %s when the password is wrong', async (mechanism) => {
    const sasl = { mechanism, username: login.username, password: 'open-barley' };
    const refused = readsThrough(server, { sasl });
    await expect(refused).rejects.toMatchObject({ code: 'KAFKA_UNREACHABLE' });
    await expect(refused).rejects.toThrow(/check/);
    await expect(refused).rejects.not.toThrow(/open-barley/);
  });
});

/** An unsigned token, as the development broker takes it. */
function token(lifeSeconds: number): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ sub: 'driftd', iat: now, exp: now + lifeSeconds })}.`;
}

describe('OAUTHBEARER', () => {
  let server: KafkaServer;
  let login: Server;
  const asked: { authorization: string | undefined; body: string }[] = [];

  beforeAll(async () => {
    server = await startKafka({ security: { sasl: { mechanism: 'oauthbearer' } } });
    await withOneRecord(server);
    login = createServer((request, response) => {
      let body = '';
      request.on('data', (bytes: Buffer) => (body += bytes.toString()));
      request.on('end', () => {
        asked.push({ authorization: request.headers.authorization, body });
        const known = request.headers.authorization === `Basic ${btoa('driftd:s%3Acret')}`;
        response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ access_token: token(3_600), expires_in: 3_600 }));
      });
    });
    await new Promise<void>((resolve) => login.listen(0, '127.0.0.1', resolve));
  });

  afterAll(async () => {
    login.close();
    await server.stop();
  });

  const oauth = (clientSecret: string): Partial<KafkaConfig> => {
    const url = `http://127.0.0.1:${(login.address() as AddressInfo).port}/token`;
    const from = { url, clientId: 'driftd', clientSecret, scope: 'kafka' };
    return { sasl: { mechanism: 'oauthbearer', token: from } };
  };

  it('with a token from an OAuth 2 server, asked once for all connections', async () => {
    expect(await readsThrough(server, oauth('s:cret'))).toEqual(['secret']);
    expect(asked.map(({ body }) => body)).toEqual(['grant_type=client_credentials&scope=kafka']);
  });

  it('with a token from a file', async () => {
    const file = path.join(folder, 'token');
    writeFileSync(file, `${token(3_600)}\n`);
    const sasl = { mechanism: 'oauthbearer', token: { file } } as const;
    expect(await readsThrough(server, { sasl })).toEqual(['secret']);
  });

  it('says so when the OAuth 2 server refuses, or the broker', async () => {
    await expect(readsThrough(server, oauth('wrong'))).rejects.toThrow(
      /token endpoint answers 401/,
    );
    const file = path.join(folder, 'expired');
    writeFileSync(file, token(-3_600));
    const sasl = { mechanism: 'oauthbearer', token: { file } } as const;
    await expect(readsThrough(server, { sasl })).rejects.toThrow(/check that the login/);
  });
});
