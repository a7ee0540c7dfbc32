import { describe, expect, it, vi } from 'vitest';

import { createStrayWatch, strayNames } from '../../../src/app/baselines/stray-names.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { DriftdConfig } from '../../../src/config/types.ts';
import type { Feature } from '../../../src/core/domain/feature.ts';
import { createLog } from '../../../src/platform/log.ts';
import type { BaselineRow, BaselineState } from '../../../src/storage/baseline-store.ts';
import { temporaryFile } from '../../support/temporary-file.ts';

async function configOf(features: string, policy = '{}'): Promise<DriftdConfig> {
  const text = `postgres: { url: 'postgres://unused/unused' }
models: [{ name: m, features: ${features} }]
monitors: [{ name: daily, model: m, schedule: '0 0 * * *', windows: [24h], policy: { features: ${policy} } }]
`;
  const file = await temporaryFile('driftd.yaml', text);
  return loadConfig(file, { env: {}, validateCron: () => null });
}

/** Stores of a model with a version that has these features. */
function storesOf(known: readonly string[], state: BaselineState = 'active') {
  const features = known.map((name, id): Feature => ({
    id,
    name,
    kind: 'numeric',
    role: 'input',
    tier: 'standard',
  }));
  return {
    catalog: {
      findModel: () => Promise.resolve({ id: 1, name: 'm' }),
      features: () => Promise.resolve(features),
    },
    baselines: {
      list: () => Promise.resolve(known.length === 0 ? [] : [{ state } as BaselineRow]),
    },
  };
}

describe('declared features that the active baseline does not have', () => {
  it.each([
    ['{ tmep: { tier: critical } }', '{}', 'tmep (did you mean temp?)'],
    ['{ temp: { tier: critical } }', '{ tmp: { min_samples: 9 } }', 'tmp (did you mean temp?)'],
    ['{ gust: { unit: mph }, Humid: {} }', '{}', 'gust, Humid (did you mean humid?)'],
  ])('are told: %s and %s', async (features, policy, told) => {
    const config = await configOf(features, policy);
    expect((await strayNames(config, storesOf(['temp', 'humid']))).map(({ text }) => text)).toEqual(
      [
        `the configuration declares features that the active baseline does not have: ${told}; what it says of them has no effect`,
      ],
    );
  });

  it.each<[features: string, known: string[], state?: BaselineState]>([
    ['{ temp: { tier: critical } }', ['temp']],
    ['{ id: { tier: ignore } }', ['temp']],
    ['{ tmep: { tier: critical } }', []],
    ['{ tmep: { tier: critical } }', ['temp'], 'candidate'],
  ])('are none: %s of %j (%s)', async (features, known, state = 'active') => {
    expect(await strayNames(await configOf(features), storesOf(known, state))).toEqual([]);
  });

  it('are told once by the log, and again when they are others', async () => {
    const log = createLog('silent');
    const warned = vi.spyOn(log, 'warn');
    let known: string[] = [];
    const stores = {
      catalog: {
        ...storesOf([]).catalog,
        features: () => storesOf(known).catalog.features(),
      },
      baselines: { list: () => storesOf(known).baselines.list() },
    };
    const look = createStrayWatch(await configOf('{ tmep: { tier: critical } }'), stores, log);
    await look();
    expect(warned).not.toHaveBeenCalled();
    known = ['temp'];
    await look();
    await look();
    expect(warned.mock.calls).toEqual([
      [{ model: 'm', features: ['tmep'] }, expect.stringContaining('did you mean temp?')],
    ]);
    known = ['tmep'];
    await look();
    known = ['temp'];
    await look();
    expect(warned).toHaveBeenCalledTimes(2);
  });

  it('cannot be looked at: that is told, and nothing ends', async () => {
    const log = createLog('silent');
    const warned = vi.spyOn(log, 'warn');
    const { catalog, baselines } = storesOf(['temp']);
    const broken = { ...catalog, features: () => Promise.reject(new Error('gone')) };
    const stores = { catalog: broken, baselines };
    await createStrayWatch(await configOf('{ tmep: {} }'), stores, log)();
    expect(warned).toHaveBeenCalledOnce();
  });
});
