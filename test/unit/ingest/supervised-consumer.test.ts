import type { Consumer } from 'kafkajs';
import { describe, expect, it, vi } from 'vitest';
import { SupervisedConsumer } from '../../../src/ingest/kafka/supervised-consumer.ts';
import type { SupervisedClient } from '../../../src/ingest/kafka/supervised-consumer.ts';
import { createLog } from '../../../src/platform/log.ts';

/** How a client goes: it joins the group; `run` gives up without a word, as kafkajs' does; it cannot connect. */
type Course = 'joins' | 'gives up in run' | 'cannot connect' | 'gives up at once';

/** Long after a client has been replaced on any machine. */
const LATE_MS = 20_000;
const REFUSED = new Error('Not authorized to access group');
const EVENTS = { GROUP_JOIN: 'join', CRASH: 'crash' } as unknown as Consumer['events'];

class Client {
  readonly events = EVENTS;
  readonly course: Course;
  connected = false;
  left = false;
  private readonly listeners = new Map<string, (event: { payload: object }) => void>();

  constructor(course: Course) {
    this.course = course;
  }

  on(name: string, listener: (event: { payload: object }) => void): () => void {
    this.listeners.set(name, listener);
    return () => undefined;
  }

  async connect(): Promise<void> {
    await Promise.resolve();
    if (this.course === 'cannot connect') throw new Error('ECONNREFUSED');
    this.connected = true;
  }

  subscribe(): Promise<void> {
    return Promise.resolve();
  }

  async run(): Promise<void> {
    await Promise.resolve();
    if (this.course === 'gives up in run') this.crash(false);
    else this.listeners.get('join')?.({ payload: { memberAssignment: { predictions: [0] } } });
    if (this.course === 'gives up at once') queueMicrotask(() => this.crash(false));
  }

  crash(restart: boolean): void {
    this.listeners.get('crash')?.({ payload: { error: REFUSED, restart } });
  }

  disconnect(): Promise<void> {
    this.left = true;
    return Promise.resolve();
  }
}

function supervise(...courses: Course[]) {
  const clients: Client[] = [];
  const told: string[] = [];
  const supervised = new SupervisedConsumer<SupervisedClient>({
    make() {
      const client = new Client(courses[clients.length] ?? 'joins');
      clients.push(client);
      return client as unknown as SupervisedClient;
    },
    topics: ['predictions'],
    joined: () => told.push('joined'),
    lost: () => told.push('lost'),
    batch: () => Promise.resolve(),
    log: createLog('silent'),
    pauses: { baseMs: 1, capMs: 1 },
  });
  const isCurrent = (client: Client | undefined): boolean =>
    supervised.current === (client as unknown as SupervisedClient);
  return { supervised, clients, told, isCurrent };
}

describe('the consumer that is kept running', () => {
  it('is replaced when it stops for good', async () => {
    const { supervised, clients, told, isCurrent } = supervise();
    await supervised.start();

    clients[0]?.crash(false);
    await vi.waitUntil(() => isCurrent(clients[1]) && told.at(-1) === 'joined', LATE_MS);

    expect(clients[0]?.left).toBe(true);
    expect(told).toContain('lost');
  });

  it('is replaced again when its successor gives up while it joins, until one holds', async () => {
    const { supervised, clients, told, isCurrent } = supervise(
      'joins',
      'gives up in run',
      'cannot connect',
      'gives up in run',
    );
    await supervised.start();

    clients[0]?.crash(false);
    await vi.waitUntil(() => isCurrent(clients[4]) && told.at(-1) === 'joined', LATE_MS);

    expect(clients.map(({ left }) => left)).toEqual([true, true, true, true, false]);
  });

  it('is replaced when its successor gives up right after it has joined', async () => {
    const { supervised, clients, isCurrent } = supervise('joins', 'gives up at once');
    await supervised.start();

    clients[0]?.crash(false);
    await vi.waitUntil(() => isCurrent(clients[2]), LATE_MS);

    expect(clients.map(({ left }) => left)).toEqual([true, true, false]);
  });

  it('stays when the client restarts by itself, but nothing is assigned meanwhile', async () => {
    const { supervised, clients, told, isCurrent } = supervise();
    await supervised.start();

    clients[0]?.crash(true);

    expect(told).toEqual(['joined', 'lost']);
    expect(isCurrent(clients[0])).toBe(true);
    expect(clients).toHaveLength(1);
  });

  it('tells at start why the group cannot be joined, and leaves no client behind', async () => {
    const { supervised, clients } = supervise(
      'gives up in run',
      'gives up in run',
      'gives up in run',
    );

    await expect(supervised.start()).rejects.toBe(REFUSED);

    expect(supervised.current).toBeNull();
    expect(clients.every(({ left }) => left)).toBe(true);
  });

  it('is not replaced any more once it is stopped', async () => {
    const { supervised, clients } = supervise();
    await supervised.start();
    await supervised.stop();

    clients[0]?.crash(false);
    supervised.rebuild(new Error('late'));

    expect(clients).toHaveLength(1);
    expect(supervised.current).toBeNull();
  });
});
