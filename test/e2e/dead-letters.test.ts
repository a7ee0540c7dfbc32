import { Kafka, logLevel } from 'kafkajs';
import { expect, it, onTestFinished } from 'vitest';
import { createTopic } from '../../scripts/demo/publisher.ts';
import { countingDriftd, EVENT } from '../support/counted.ts';
import { kafkaBrokers, uniqueName } from '../support/servers.ts';

it('copies of bad records are on their topic, with their origin', async () => {
  const brokers = kafkaBrokers();
  const [topic, bad] = [uniqueName('good'), uniqueName('bad')];
  for (const name of [topic, bad]) await createTopic({ brokers, name, partitions: 1 });
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
  const producer = kafka.producer();
  await producer.connect();
  onTestFinished(() => producer.disconnect());
  await producer.send({
    topic,
    messages: [
      { value: `${EVENT.head}1${EVENT.tail}` },
      { key: 'k', value: '{"model":', headers: { own: 'kept' }, timestamp: '1767225600000' },
      { value: '{"model":"nobody"}' },
    ],
  });
  const driftd = await countingDriftd({
    brokers,
    topic,
    kafka: `  dead_letter: { topic: ${bad} }`,
  });
  onTestFinished(() => driftd.end());
  await driftd.start();
  await driftd.until(([row]) => row?.position === 3);

  const consumer = kafka.consumer({ groupId: uniqueName('group') });
  onTestFinished(() => consumer.disconnect());
  await consumer.connect();
  await consumer.subscribe({ topic: bad, fromBeginning: true });
  const found: object[] = [];
  await consumer.run({
    eachMessage: ({ message: { key, value, headers = {} } }) => {
      const said = Object.entries(headers).map(([name, text]) => [name, text?.toString()]);
      found.push({
        key: key?.toString() ?? null,
        value: value?.toString(),
        ...Object.fromEntries(said),
      });
      return Promise.resolve();
    },
  });
  await expect
    .poll(() => found, { timeout: 60_000 })
    .toMatchObject([
      {
        key: 'k',
        value: '{"model":',
        own: 'kept',
        'driftd-topic': topic,
        'driftd-partition': '0',
        'driftd-offset': '1',
        'driftd-timestamp': '1767225600000',
        'driftd-reason': 'invalid-json',
      },
      {
        key: null,
        value: '{"model":"nobody"}',
        'driftd-offset': '2',
        'driftd-reason': 'unknown-model',
      },
    ]);
  await expect
    .poll(() => driftd.metric('driftd_dead_letters_total'), { timeout: 60_000 })
    .toContain('driftd_dead_letters_total{result="sent"} 2');
});
