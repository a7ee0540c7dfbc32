import { afterAll, beforeAll, expect, it } from 'vitest';
import { countingDriftd } from '../support/counted.ts';
import type { CountingDriftd } from '../support/counted.ts';
import { startOracle } from '../support/kafka-oracle.ts';
import type { KafkaOracle } from '../support/kafka-oracle.ts';
import { kafkaBrokers, uniqueName } from '../support/servers.ts';

/* Shapes that need headers, by Apache Kafka's own producer with every codec, counted by a real driftd. */

const AT = '2026-01-01T00:00:00Z';
const CE = ['ce_specversion=1.0', 'ce_id=c1', 'ce_source=/s', `ce_time=${AT}`];
const KSERVE = 'ce_type=org.kubeflow.serving.inference';

interface Produced {
  readonly headers: readonly string[];
  readonly value: string;
  readonly events: number;
}

const GOOD: readonly Produced[] = [
  { headers: [], value: `{"model":"counted","ts":"${AT}","features":{"x":1}}`, events: 1 },
  {
    headers: [],
    value: `{"events":[{"model":"counted","ts":"${AT}","features":{"x":1}},{"model":"counted","ts":"${AT}","features":{"x":2}}]}`,
    events: 2,
  },
  {
    headers: [...CE, `${KSERVE}.request`, 'ce_inferenceservicename=counted'],
    value: '{"instances":[{"x":1},{"x":2},{"x":3}]}',
    events: 3,
  },
  {
    headers: [...CE, `${KSERVE}.response`, 'ce_inferenceservicename=counted'],
    value: '{"predictions":[0.5]}',
    events: 1,
  },
  {
    headers: ['content-type=application/cloudevents+json; charset=UTF-8'],
    value: `{"specversion":"1.0","id":"i","type":"t","source":"/s","time":"${AT}","data":{"model":"counted","features":{"x":1}}}`,
    events: 1,
  },
  {
    headers: [
      'Ce-Specversion=0.3',
      'Ce-Type=io.seldon.serving.inference.request',
      'Ce-Modelid=counted',
      `Ce-Time=${AT}`,
    ],
    value: '{"id":"c1","inputs":[{"name":"x","shape":[2,1],"datatype":"FP64","data":[1,2]}]}',
    events: 2,
  },
];
const BAD: Produced = { headers: [...CE, 'ce_type=t'], value: '{"x":', events: 0 };
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

let kafka: KafkaOracle;
let driftd: CountingDriftd;

beforeAll(async () => {
  kafka = await startOracle(kafkaBrokers());
});

afterAll(async () => {
  await driftd.end();
  await kafka.stop();
});

it('counts the events of every shape once, whatever they were compressed with', async () => {
  const topic = uniqueName('shapes');
  await kafka.run('create', topic, 1);
  driftd = await countingDriftd({ brokers: kafkaBrokers(), topic });
  for (const codec of CODECS) {
    await kafka.run('producer', codec, `compression.type=${codec}`, 'linger.ms=1000');
    for (const { headers, value } of [...GOOD, BAD]) {
      await kafka.run('send', codec, topic, 0, '~', value, ...headers);
    }
    await kafka.run('send', codec, topic, 0, 'key', '~', ...CE, 'ce_type=t');
    await kafka.run('close', codec);
  }
  await driftd.start();
  const all = CODECS.length * (GOOD.length + 2);
  const [row] = await driftd.until(([first]) => (first?.position ?? 0) >= all);
  expect(row).toMatchObject({
    counted: CODECS.length * GOOD.length,
    quarantined: CODECS.length,
    filtered: CODECS.length,
  });
  const events = CODECS.length * GOOD.reduce((sum, produced) => sum + produced.events, 0);
  expect(await driftd.rows('SELECT sum(events)::int AS events FROM model_progress')).toEqual([
    { events },
  ]);
  expect(await driftd.rows('SELECT DISTINCT reason FROM quarantine')).toEqual([
    { reason: 'invalid-json' },
  ]);
});
