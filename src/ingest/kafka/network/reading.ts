import { createRequire } from 'node:module';
import net from 'node:net';
import tls from 'node:tls';

import type { ISocketFactory } from 'kafkajs';

import { toError } from '../../../platform/errors.ts';
import { FrameReader } from './frame-reader.ts';

/** What a socket reads at once, into memory that it uses again. */
const READ_BYTES = 256 * 1024;
const KEEP_ALIVE_MS = 60_000;
const SIZE_BYTES = 4;
const CORRELATION_BYTES = 4;

/** kafkajs' connection to a broker, as far as it reads. */
interface Connection {
  readonly socket: net.Socket;
  readonly authHandlers: { onSuccess(bytes: Buffer): void } | null;
  readonly authExpectResponse: boolean;
  readonly requestQueue: {
    fulfillRequest(answer: { size: number; correlationId: number; payload: Buffer }): void;
  };
  processData(bytes: Buffer): void;
}

/** What has come of an answer over a socket, however many clients the process has by now. */
const readers = new WeakMap<net.Socket, FrameReader>();
/** Where bytes came from: a connection may have another socket by then, and still wait for answers of the old one. */
const origins = new WeakMap<Uint8Array, net.Socket>();

/**
 * Sockets that read into one piece of memory. Node's own reading makes a new one for every 64 KiB; together with the whole
 * answer that kafkajs makes of them, that is memory outside of V8's heap, for which V8 collects all of the heap.
 */
export const readingSocket: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const onread = {
    buffer: Buffer.allocUnsafeSlow(READ_BYTES),
    callback: (length: number, bytes: Uint8Array): boolean => {
      const piece = bytes.subarray(0, length);
      origins.set(piece, socket);
      socket.emit('data', piece);
      return true;
    },
  };
  const socket: net.Socket =
    // Null for a plain connection, whatever kafkajs' types say.
    (ssl as tls.ConnectionOptions | null) === null
      ? net.connect({ host, port, onread }, onConnect)
      : tls.connect(
          {
            host,
            port,
            ...(net.isIP(host) === 0 ? { servername: host } : {}),
            ...ssl,
            onread,
          } as tls.ConnectionOptions,
          onConnect,
        );
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  return socket;
};

/**
 * Lets kafkajs' connections put answers together by FrameReader: they copy them more than once otherwise. More than once
 * does no harm.
 */
export function replaceReading(): void {
  const load = createRequire(import.meta.url);
  const { prototype } = load('kafkajs/src/network/connection') as { prototype: Connection };
  prototype.processData = function processData(this: Connection, bytes: Buffer): void {
    const { authExpectResponse, requestQueue } = this;
    const socket = origins.get(bytes) ?? this.socket;
    // A login is always over the present socket.
    const login = (): Connection['authHandlers'] =>
      socket === this.socket ? this.authHandlers : null;
    if (!authExpectResponse && login() !== null) {
      login()?.onSuccess(Buffer.from(bytes));
      return;
    }
    const reader = readers.get(socket) ?? new FrameReader();
    readers.set(socket, reader);
    try {
      reader.push(bytes, (frame) => {
        const handlers = login();
        if (handlers !== null) {
          const size = Buffer.alloc(SIZE_BYTES);
          size.writeInt32BE(frame.length);
          handlers.onSuccess(Buffer.concat([size, frame]));
          return;
        }
        requestQueue.fulfillRequest({
          size: frame.length,
          correlationId: frame.readInt32BE(),
          payload: frame.subarray(CORRELATION_BYTES),
        });
      });
    } catch (thrown) {
      socket.destroy(toError(thrown));
    }
  };
}
