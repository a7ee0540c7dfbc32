import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'driftd-mapping-'));

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

it('reads what events do not say themselves, and says nothing where nothing is written', async () => {
  const file = path.join(folder, 'driftd.yaml');
  writeFileSync(
    file,
    `
kafka:
  brokers: ['127.0.0.1:9092']
  topics:
    - name: plain
    - name: mapped
      format: flat
      mapping:
        models: { prod/f: flights }
        inputs: [temp, wind]
        time: at
        features: { temp: weather.temp }
        attributes: { country: geo }
postgres: { url: 'postgres://u:p@127.0.0.1/d' }
models: [{ name: flights, attributes: [country] }]
`,
  );
  const config = await loadConfig(file, { env: {}, validateCron: () => null });
  expect(config.kafka?.topics).toEqual([
    { name: 'plain', start: 'latest', format: 'auto', mapping: {} },
    {
      name: 'mapped',
      start: 'latest',
      format: 'flat',
      mapping: {
        models: new Map([['prod/f', 'flights']]),
        inputs: ['temp', 'wind'],
        time: 'at',
        features: new Map([['temp', 'weather.temp']]),
        attributes: new Map([['country', 'geo']]),
      },
    },
  ]);
});
