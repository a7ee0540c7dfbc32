import { createConnection, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A TCP proxy on loopback in front of one server, which can do to connections what networks do. */
export interface Proxy {
  readonly port: number;
  /** Bytes that the server has sent through it. */
  readonly received: number;
  /** Both ends get a reset. */
  reset(): void;
  /** The next COMMIT of a checkpoint is met by a reset: it before it reaches the server, or the answer to it. Resolves then. */
  resetAtCommit(meets: 'question' | 'answer'): Promise<void>;
  /** Keeps back what moves the position in the next checkpoint: resolves with it, or with null when none comes in time. */
  holdCheckpoint(withinMs: number): Promise<HeldCheckpoint | null>;
  /** The server's end is gone and the client is not told: what it sends is swallowed. Ends with `heal`. */
  halfOpen(): void;
  /** Nothing passes in either direction; everything is kept and arrives after `heal`. */
  blackHole(): void;
  heal(): void;
  close(): Promise<void>;
}

/** A checkpoint that has begun at the server and waits on the way to it. */
export interface HeldCheckpoint {
  /** Its connection has ended: what became of it says nothing. */
  readonly lost: boolean;
  /** Lets it arrive. */
  release(): void;
}

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
}

/** @param port asked at each connection: the server may come to be later than its proxy */
export async function startProxy(host: string, port: () => number): Promise<Proxy> {
  const pairs = new Set<Pair>();
  const orphans = new Set<Socket>();
  const CHECKPOINT = Buffer.from('UPDATE ingest_partition SET next_offset');
  const COMMIT = Buffer.from('COMMIT\0');
  let dark = false;
  let received = 0;
  let met: () => void = () => undefined;
  let meets: 'question' | 'answer' | null = null;
  let hold: ((held: HeldCheckpoint) => void) | null = null;

  function hang({ client, upstream }: Pair): void {
    client.resetAndDestroy();
    upstream.resetAndDestroy();
  }

  function join(client: Socket): void {
    const upstream = createConnection({ host, port: port() });
    const pair = { client, upstream };
    pairs.add(pair);
    const part = (): void => {
      if (!pairs.delete(pair)) return;
      client.destroy();
      upstream.destroy();
    };
    let inCheckpoint = false;
    let answerIsLost = false;
    /** What the client has sent since its checkpoint is held; null: it is not. */
    let held: Buffer[] | null = null;
    const keepBack = (): HeldCheckpoint => {
      held = [];
      return {
        get lost() {
          return !pairs.has(pair);
        },
        release() {
          for (const bytes of held ?? []) if (!upstream.destroyed) upstream.write(bytes);
          held = null;
        },
      };
    };
    client.on('data', (bytes) => {
      const begins = bytes.includes(CHECKPOINT);
      if (begins && hold !== null) {
        hold(keepBack());
        hold = null;
      }
      inCheckpoint ||= begins;
      if (!inCheckpoint || !bytes.includes(COMMIT)) return;
      inCheckpoint = false;
      if (meets === 'question') hang(pair);
      else if (meets === 'answer') answerIsLost = true;
      meets = null;
      met();
    });
    upstream.on('data', (bytes) => {
      received += bytes.length;
      if (answerIsLost) hang(pair);
    });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('data', (bytes) => {
        if (from === client && held !== null) held.push(bytes);
        else if (!to.destroyed) to.write(bytes);
      });
      from.on('error', part);
      from.on('close', part);
      if (dark) from.pause();
    }
  }

  const server = createServer(join);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get received() {
      return received;
    },
    reset() {
      for (const pair of pairs) hang(pair);
    },
    resetAtCommit(what) {
      meets = what;
      return new Promise((resolve) => {
        met = resolve;
      });
    },
    holdCheckpoint(withinMs) {
      return new Promise((resolve) => {
        const tooLong = setTimeout(() => {
          hold = null;
          resolve(null);
        }, withinMs);
        hold = (held) => {
          clearTimeout(tooLong);
          resolve(held);
        };
      });
    },
    halfOpen() {
      for (const pair of pairs) {
        pairs.delete(pair);
        orphans.add(pair.client);
        pair.client.removeAllListeners('data').on('data', () => undefined);
        pair.upstream.destroy();
      }
    },
    blackHole() {
      dark = true;
      for (const { client, upstream } of pairs) {
        client.pause();
        upstream.pause();
      }
    },
    heal() {
      dark = false;
      for (const orphan of orphans) orphan.destroy();
      orphans.clear();
      for (const { client, upstream } of pairs) {
        client.resume();
        upstream.resume();
      }
    },
    async close() {
      for (const { client, upstream } of pairs) {
        client.destroy();
        upstream.destroy();
      }
      for (const orphan of orphans) orphan.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
