import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { changedSections, keysThatNeedRestart } from '../../../src/app/reload/changes.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { DriftdConfig } from '../../../src/config/types.ts';
import { temporaryFile } from '../../support/temporary-file.ts';

const SCHEMA = JSON.parse(
  readFileSync(new URL('../../../config/driftd.schema.json', import.meta.url), 'utf8'),
) as { properties: Record<string, { properties?: Record<string, unknown> }> };

const TEXT = `
kafka: { brokers: ['127.0.0.1:9092'], topics: [{ name: t }] }
postgres: { url: 'postgres://u@h/d' }
models: [{ name: m }]
monitors: [{ name: d, model: m, schedule: '0 6 * * *', windows: [24h] }]
`;

async function load(text = TEXT): Promise<DriftdConfig> {
  return loadConfig(await temporaryFile('driftd.yaml', text), {
    env: {},
    validateCron: () => null,
  });
}

describe('what a reload may change', () => {
  it('is nothing when the file says the same', async () => {
    const [one, other] = [await load(), await load()];

    expect(changedSections(one, other)).toEqual([]);
    expect(keysThatNeedRestart(one, other)).toEqual([]);
  });

  it('is models and all that follows from them', async () => {
    const next = await load(
      TEXT.replace('{ name: m }', '{ name: m, features: { x: { tier: critical } } }'),
    );

    expect(changedSections(await load(), next)).toEqual(['models']);
    expect(keysThatNeedRestart(await load(), next)).toEqual([]);
  });

  it('is a receiver, whose channel is told with it', async () => {
    const receiver = (secret: string): string =>
      `${TEXT}receivers: [{ name: r, webhook: { url: 'https://example.com/hook', secret: ${secret} } }]`;
    const [one, other] = [
      await load(receiver('a'.repeat(32))),
      await load(receiver('b'.repeat(32))),
    ];

    expect(changedSections(one, other)).toEqual(['receivers']);
  });

  it('is not a section that comes or goes with its connection', async () => {
    const next = await load(TEXT.replace(/^kafka.*$/m, ''));

    expect(keysThatNeedRestart(await load(), next)).toEqual(['kafka']);
    expect(keysThatNeedRestart(next, await load())).toEqual(['kafka']);
  });

  it('is no key of the sections that need a restart; each is named as the file has it', async () => {
    const current = await load();
    for (const section of ['kafka', 'postgres', 'http', 'ingest', 'baselines'] as const) {
      for (const key of Object.keys(current[section] ?? {})) {
        const next = { ...current, [section]: { ...current[section], [key]: 'another' } };
        const [named, ...others] = keysThatNeedRestart(current, next);
        const known = Object.keys(SCHEMA.properties[section]?.properties ?? {});

        expect(others).toEqual([]);
        expect(known.map((name) => `${section}.${name}`)).toContain(named);
      }
    }
  });
});
