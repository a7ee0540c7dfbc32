import type { Message, Producer } from 'kafkajs';
import { createBackoff } from '../../../platform/backoff.ts';
import { sleep } from '../../../platform/clock.ts';
import { toError } from '../../../platform/errors.ts';
import type { Log } from '../../../platform/log.ts';
import { letterBytes, WAITING } from '../../record-counter.ts';
import type { DeadLetter, DeadLetters } from '../../record-counter.ts';
import { concernsAll } from './concerns-all.ts';

/** What is sent at once: within what a broker takes as one batch by default. */
const SENT = { letters: 500, bytes: 512 * 1024 } as const;
/** Attempts before what was to be sent is given up. */
const ATTEMPTS = 5;
const STOP_MS = 2_000;

export type DeadLetterResult = 'sent' | 'dropped' | 'failed';

/** What is asked of a producer. */
export type DeadLetterProducer = Pick<Producer, 'connect' | 'send' | 'disconnect'>;

export interface DeadLetterOptions {
  readonly producer: DeadLetterProducer;
  readonly topic: string;
  readonly log: Log;
  /** Told what became of letters. */
  readonly tell: (result: DeadLetterResult, letters: number) => void;
  readonly backoffMs?: number;
}

/**
 * Writes copies of bad records to a topic, each with where it came from in its headers. Nobody waits for it: what the
 * brokers do not take in time is dropped and counted. What is under way when the process dies is missing, what is sent again
 * after a time-out may come twice: the quarantine in the database is what is complete.
 */
export function createDeadLetters(options: DeadLetterOptions): DeadLetters & {
  stop(): Promise<void>;
} {
  const { producer, topic, log, tell } = options;
  const backoff = createBackoff({ baseMs: options.backoffMs ?? 500, capMs: 10_000 });
  const stopped = new AbortController();
  let waiting: DeadLetter[] = [];
  let bytes = 0;
  let connected = false;
  let sending: Promise<void> | null = null;

  async function sendAll(): Promise<void> {
    while (waiting.length > 0 && !stopped.signal.aborted) {
      const letters = waiting.slice(0, countOf(waiting));
      waiting = waiting.slice(letters.length);
      for (const letter of letters) bytes -= letterBytes(letter);
      await sendOrGiveUp(letters);
    }
  }

  async function sendOrGiveUp(letters: readonly DeadLetter[]): Promise<void> {
    let failure: Error;
    for (let attempt = 0; ; attempt += 1) {
      try {
        if (!connected) await producer.connect();
        connected = true;
        await send(letters);
        return;
      } catch (thrown) {
        failure = toError(thrown);
        log.warn({ err: failure, topic }, 'bad records cannot be written to their topic');
        if (stopped.signal.aborted || attempt + 1 >= ATTEMPTS) break;
        await sleep(backoff.delay(attempt), stopped.signal);
      }
    }
    if (letters.length <= 1 || !connected || concernsAll(failure)) tell('failed', letters.length);
    else await sendSingly(letters);
  }

  /** One that the brokers never take must not take the others with it; but what fails all of them is not tried for each. */
  async function sendSingly(letters: readonly DeadLetter[]): Promise<void> {
    for (const [at, letter] of letters.entries()) {
      if (stopped.signal.aborted) {
        tell('failed', letters.length - at);
        return;
      }
      try {
        await send([letter]);
      } catch (thrown) {
        const error = toError(thrown);
        if (concernsAll(error)) {
          log.warn({ err: error, topic }, 'bad records cannot be written to their topic');
          tell('failed', letters.length - at);
          return;
        }
        tell('failed', 1);
      }
    }
  }

  async function send(letters: readonly DeadLetter[]): Promise<void> {
    await producer.send({ topic, messages: letters.map(messageOf) });
    tell('sent', letters.length);
  }

  return {
    offer(letters, unkept = 0) {
      let dropped = unkept;
      for (const letter of letters) {
        const size = letterBytes(letter);
        if (waiting.length >= WAITING.letters || bytes + size > WAITING.bytes) dropped += 1;
        else {
          waiting.push(letter);
          bytes += size;
        }
      }
      if (dropped > 0) tell('dropped', dropped);
      sending ??= sendAll().finally(() => {
        sending = null;
      });
    },
    async stop() {
      await Promise.race([sending ?? Promise.resolve(), sleep(STOP_MS)]);
      stopped.abort();
      if (waiting.length > 0) tell('dropped', waiting.length);
      waiting = [];
      await Promise.race([producer.disconnect().catch(() => undefined), sleep(STOP_MS)]);
    },
  };
}

/** How many from the front are sent at once: one at least. */
function countOf(waiting: readonly DeadLetter[]): number {
  let bytes = 0;
  const end = waiting.findIndex((letter, i) => {
    bytes += letterBytes(letter);
    return i > 0 && (i >= SENT.letters || bytes > SENT.bytes);
  });
  return end < 0 ? waiting.length : end;
}

/** The record as it was, and beside its own headers where it stood and what was wrong with it. */
function messageOf({ partition, record, rejection }: DeadLetter): Message {
  const { offset, timestamp, key, value, headers } = record;
  const told = {
    'driftd-topic': partition.topic,
    'driftd-partition': String(partition.partition),
    'driftd-offset': String(offset),
    'driftd-timestamp': String(timestamp),
    'driftd-reason': rejection.reason,
    'driftd-detail': rejection.detail,
  };
  const own = [...headers].map(([name, text]) => [name, Buffer.from(text)] as const);
  return {
    key: key === null ? null : Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    headers: { ...Object.fromEntries(own), ...told },
  };
}
