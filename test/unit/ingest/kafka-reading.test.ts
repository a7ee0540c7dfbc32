import { createRequire } from 'node:module';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';

import { readingSocket, replaceReading } from '../../../src/ingest/kafka/network/reading.ts';

/** kafkajs' connection to a broker, as far as it is used here. */
interface Connection {
  connect(): Promise<boolean>;
  disconnect(): Promise<boolean>;
  send(call: object): Promise<Buffer>;
}

const load = createRequire(import.meta.url);
const ConnectionOf = load('kafkajs/src/network/connection') as new (options: object) => Connection;
const EncoderOf = load('kafkajs/src/protocol/encoder') as new () => object;

const silent = { debug: () => undefined, warn: () => undefined, error: () => undefined };
const open: { close(): void }[] = [];

afterEach(() => {
  for (const { close } of open.splice(0)) close();
});

/** A broker that answers when it is told to, and a connection to it. */
async function connect(
  requestTimeout = 30_000,
): Promise<{ connection: Connection; sockets: net.Socket[] }> {
  const sockets: net.Socket[] = [];
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket.on('error', () => undefined));
    socket.resume();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const connection = new ConnectionOf({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    logger: { namespace: () => silent },
    socketFactory: readingSocket,
    connectionTimeout: 20_000,
    requestTimeout,
  });
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  await connection.connect();
  return { connection, sockets };
}

/** A request that is answered with bytes. */
const ask = (connection: Connection): Promise<Buffer> =>
  connection.send({
    request: {
      apiKey: 18,
      apiName: 'ApiVersions',
      apiVersion: 0,
      encode: () => Promise.resolve(new EncoderOf()),
    },
    response: {
      decode: (payload: Buffer) => Promise.resolve(payload),
      parse: (payload: Buffer) => Promise.resolve(payload),
    },
  });

/** The answer to the request of this number, of so many bytes. */
function answer(correlationId: number, bytes: number): Buffer {
  const frame = Buffer.alloc(8 + bytes, correlationId + 1);
  frame.writeInt32BE(4 + bytes);
  frame.writeInt32BE(correlationId, 4);
  return frame;
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

const arrived = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100));

describe('connections to a broker', () => {
  it('keep what has come of an answer while another client is made', async () => {
    replaceReading();
    const { connection, sockets } = await connect();
    const asked = ask(connection);
    await until(() => sockets.length === 1);
    const bytes = answer(0, 50_000);
    sockets[0]?.write(bytes.subarray(0, 20_000));
    await arrived();
    replaceReading();
    sockets[0]?.write(bytes.subarray(20_000));
    expect((await asked).equals(bytes.subarray(8))).toBe(true);
  });

  it('do not mix what comes late of an old socket with what comes of the one in its place', async () => {
    replaceReading();
    // Of both requests: the second is to be answered well within it.
    const { connection, sockets } = await connect(3_000);
    const first = ask(connection);
    await until(() => sockets.length === 1);
    const late = answer(0, 50_000);
    sockets[0]?.write(late.subarray(0, 20_000));
    await expect(first).rejects.toThrow('timed out');
    await connection.disconnect();
    await connection.connect();
    const second = ask(connection);
    await until(() => sockets.length === 2);
    const soon = answer(1, 30_000);
    sockets[1]?.write(soon.subarray(0, 10_000));
    await arrived();
    sockets[0]?.write(late.subarray(20_000));
    await arrived();
    sockets[1]?.write(soon.subarray(10_000));
    expect((await second).equals(soon.subarray(8))).toBe(true);
  });
});
