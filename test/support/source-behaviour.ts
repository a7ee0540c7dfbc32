import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TopicStart } from '../../src/config/types.ts';
import type { EventSource } from '../../src/ingest/event-source.ts';
import { startOracle } from './kafka-oracle.ts';
import type { KafkaOracle } from './kafka-oracle.ts';
import { kafkaBrokers, uniqueName } from './servers.ts';
import { SourceReader } from './source-reader.ts';

/** Makes a source that reads these topics, in a group of its own. */
export type MakeSource = (
  brokers: readonly string[],
  topics: readonly { readonly name: string; readonly start: TopicStart }[],
) => EventSource;

const WAIT = { timeout: 60_000 };

/** What every Kafka source must do when it is steered. */
export function describeSteering(name: string, make: MakeSource): void {
  describe(`the source on ${name}, steered,`, () => {
    let kafka: KafkaOracle;
    const stops: (() => Promise<void>)[] = [];

    beforeAll(async () => {
      kafka = await startOracle(kafkaBrokers());
      stops.push(() => kafka.stop());
      await kafka.run('producer', 'plain');
    });

    afterAll(async () => {
      for (const stop of stops.reverse()) await stop();
    });

    async function topicOf(partitions: number): Promise<string> {
      const topic = uniqueName('topic');
      await kafka.run('create', topic, partitions);
      return topic;
    }

    async function write(topic: string, partition: number, count: number): Promise<void> {
      await kafka.run('fill', 'plain', topic, partition, count, 'value-');
      await kafka.run('flush', 'plain');
    }

    async function reading(...topics: { name: string; start: TopicStart }[]) {
      const reader = new SourceReader(make(kafkaBrokers(), topics));
      stops.push(() => reader.stop());
      await reader.start();
      await expect.poll(() => reader.control, WAIT).not.toBeNull();
      return reader;
    }

    const key = (topic: string, partition = 0) => ({ source: 'kafka', topic, partition });

    it('tells where a topic starts: earliest, latest, at a time', async () => {
      const [earliest, latest, timed] = [await topicOf(2), await topicOf(2), await topicOf(2)];
      for (const topic of [earliest, latest, timed]) await write(topic, 0, 5);
      await kafka.run('trim', earliest, 0, 2);
      const start = Date.now() + 1;
      await expect.poll(() => Date.now(), WAIT).toBeGreaterThan(start);
      await write(timed, 0, 3);
      const reader = await reading(
        { name: earliest, start: 'earliest' },
        { name: latest, start: 'latest' },
        { name: timed, start },
      );
      const startOf = async (topic: string) =>
        Object.fromEntries((await reader.control?.startOffsets(topic)) ?? []);

      expect(await startOf(earliest)).toEqual({ 0: 2, 1: 0 });
      expect(await startOf(latest)).toEqual({ 0: 5, 1: 0 });
      expect(await startOf(timed)).toEqual({ 0: 5, 1: 0 });
    });

    it('hands over nothing in the place of what is not there any more, or not yet', async () => {
      const topic = await topicOf(1);
      await write(topic, 0, 10);
      const reader = await reading({ name: topic, start: 'earliest' });
      await reader.readTo(topic, 10);
      await kafka.run('trim', topic, 0, 6);

      for (const offset of [2, 50]) {
        reader.reopen(topic, offset);
        await expect.poll(() => reader.isRefused(topic), WAIT).toBe(true);
        expect(reader.position(topic)).toBe(offset);
      }
      reader.reopen(topic, 6);
      await reader.readTo(topic, 10);
    });

    it('leaves a paused partition alone, and goes on where it is told to', async () => {
      const topic = await topicOf(2);
      await write(topic, 0, 5);
      await write(topic, 1, 5);
      const reader = await reading({ name: topic, start: 'earliest' });
      await reader.readTo(topic, 5);

      reader.control?.pause(key(topic, 0));
      await write(topic, 0, 5);
      await write(topic, 1, 5);
      await expect.poll(() => reader.position(topic, 1), WAIT).toBe(10);
      // One fetch may have been under way; what comes after it may not.
      await write(topic, 0, 5);
      await write(topic, 1, 5);
      await expect.poll(() => reader.position(topic, 1), WAIT).toBe(15);
      expect(reader.position(topic, 0)).toBeLessThan(15);

      reader.reopen(topic, 3);
      await reader.readTo(topic, 15);
      const offsets = (await reader.read(topic, 24)).map((record) => record.offset);
      const expected = Array.from({ length: 12 }, (_, i) => i + 3);
      expect(offsets).toEqual([...expected, ...expected]);
    });

    it('calls nobody once it is stopped', async () => {
      const topic = await topicOf(1);
      await write(topic, 0, 5);
      const reader = await reading({ name: topic, start: 'earliest' });
      await reader.readTo(topic, 5);
      await reader.stop();
      const { calls } = reader;

      await write(topic, 0, 5);
      const other = await reading({ name: topic, start: 'earliest' });
      await other.readTo(topic, 10);

      expect(reader.calls).toBe(calls);
      expect(reader.position(topic)).toBe(5);
    });
  });
}
