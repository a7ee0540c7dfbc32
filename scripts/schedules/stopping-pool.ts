import type { Client, Pool } from '../../src/storage/postgres/pool.ts';
import type { Point, Stops } from './stops.ts';

/** What a member's connections do: stop at points, be cut, be dead. */
export interface StoppingPool {
  readonly pool: Pool;
  /** The connection that is in a transaction now breaks, without a word to either side. */
  cut(): void;
  /** As when the process has died: every connection is gone, and no statement is sent any more. */
  die(): void;
}

type Query = (text: string, values?: readonly unknown[]) => Promise<unknown>;

/** Stop points by what is sent to the database, so that the program under test needs to know nothing of them. */
const BEFORE: readonly (readonly [RegExp, Point])[] = [
  [/INSERT INTO ingest_partition/, 'create'],
  [/SET epoch = epoch \+ 1/, 'claim'],
  [/SET state = 'halted'/, 'halt'],
  [/^SELECT t\.start, t\.model_id/, 'count'],
  [/^BEGIN/, 'begin'],
  [/UPDATE ingest_partition SET next_offset = \$4, anchor/, 'position'],
  [/INSERT INTO tile/, 'rows'],
  [/^COMMIT$/, 'commit'],
];
const AFTER: readonly (readonly [RegExp, Point])[] = [
  [/SET epoch = epoch \+ 1/, 'claimed'],
  [/^COMMIT$/, 'outcome'],
];

/** Shorter than driftd's, so that a schedule takes seconds: who waits for whom is the same. */
const PATIENCE = "; SET LOCAL idle_in_transaction_session_timeout = '900ms'";

/** @param statement what becomes of each statement on its way */
export function stoppingPool(
  real: Pool,
  stops: Stops,
  statement: (text: string) => string = (text) => text,
): StoppingPool {
  const clients = new Set<Client>();
  let dead = false;
  let lost: Client | null = null;

  function watched(query: Query): Query {
    return async (text, values) => {
      for (const [pattern, point] of BEFORE) if (pattern.test(text)) await stops.at(point);
      if (dead) throw new Error('the process is dead');
      const result = await query(
        text.startsWith('BEGIN') ? text + PATIENCE : statement(text),
        values,
      );
      for (const [pattern, point] of AFTER) if (pattern.test(text)) await stops.at(point);
      if (dead) throw new Error('the process is dead');
      return result;
    };
  }

  function breakOff(client: Client): void {
    // What the operating system does to the socket of a process that is gone, or a network that has had enough.
    (
      client as unknown as { connection: { stream: { destroy(): void } } }
    ).connection.stream.destroy();
  }

  const facade = {
    query: watched((text, values) => real.query(text, values as unknown[])),
    async connect() {
      const client = await real.connect();
      clients.add(client);
      const query = watched((text, values) => client.query(text, values as unknown[]));
      return {
        query: async (text: string, values?: readonly unknown[]) => {
          const result = await query(text, values);
          // An answer that was under way when the connection broke never arrives.
          if (lost === client) throw new Error('Connection terminated unexpectedly');
          return result;
        },
        release(destroy?: boolean) {
          clients.delete(client);
          client.release(destroy);
        },
      };
    },
  };
  return {
    pool: facade as unknown as Pool,
    cut() {
      for (const client of clients) {
        lost = client;
        breakOff(client);
      }
    },
    die() {
      dead = true;
      for (const client of clients) breakOff(client);
    },
  };
}
