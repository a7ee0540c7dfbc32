import { expect, it } from 'vitest';
import { sourcesOf } from '../../../src/app/catalogue.ts';
import { FrameList } from '../../../src/ingest/decoder.ts';
import { createLog } from '../../../src/platform/log.ts';
import type { EventInbox } from '../../../src/storage/api/event-inbox.ts';
import { parseConfig } from '../../support/parse-config.ts';

const PARTS = {
  inbox: {} as EventInbox,
  holdOf: () => ({ take: () => Promise.resolve(null) }),
  log: createLog('silent'),
  tellDeadLetters: () => undefined,
};

it.each([
  ['kafka: { brokers: [b:9092], group: g, topics: [{ name: t }] }', 'the topic'],
  ['replay: { name: t, path: /events.ndjson, format: ndjson }', 'replay'],
  ['http_source: {}', 'http_source'],
])('an event without a model is told where to say it: %s', async (text, settings) => {
  const [source] = sourcesOf(await parseConfig(text), PARTS);
  const record = {
    offset: 0,
    timestamp: 0,
    key: null,
    value: Buffer.from('{"features": {"temp": 39}}'),
    headers: new Map(),
  };
  const rejection = source?.decoderOf('t').decode(record, { schema: () => null }, new FrameList());
  expect(rejection).toEqual({
    reason: 'invalid-shape',
    detail: `the event names no model: say which it is in the event, or under "mapping" of ${settings}`,
  });
});
