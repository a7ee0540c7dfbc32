import { expect, it } from 'vitest';

import { keepTiles } from '../../../src/accumulate/keep-tiles.ts';
import type { KeepTilesDeps } from '../../../src/accumulate/keep-tiles.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 5, 1);

/** A keeper of models 1 to 3, of which one can be made to fail; tells what it was asked to do. */
function keeperOf(options: {
  readonly fails?: (what: string) => boolean;
  readonly quietMs?: number;
}): { readonly deps: KeepTilesDeps; readonly did: string[] } {
  const did: string[] = [];
  const act = (what: string): Promise<void> => {
    if (options.fails?.(what) === true) return Promise.reject(new Error(`no ${what}`));
    did.push(what);
    return Promise.resolve();
  };
  const deps: KeepTilesDeps = {
    keeper: {
      async exclusively(work) {
        await work();
        return true;
      },
      seal: (id) => act(`seal ${id}`),
      unrolled: () => Promise.resolve([]),
      rollUp: () => Promise.resolve(),
      forget: async (id) => {
        await act(`forget ${id}`);
        return 1;
      },
      trimQuarantine: async () => {
        await act('trim');
        return 0;
      },
      counted: () =>
        Promise.resolve([1, 2, 3].map((id) => ({ id, quietMs: options.quietMs ?? 0 }))),
      dropDays: async (horizons) => {
        await act(`drop ${[...horizons.values()].join(' ')}`);
        return 0;
      },
    },
    tiles: {
      watermark: () =>
        Promise.resolve({ time: NOW, maxEventTime: NOW, minEventTime: NOW, events: 1 }),
    },
    catalog: { binningSets: () => Promise.resolve(new Map()) },
    retention: { hoursMs: 20 * DAY, daysMs: 100 * DAY },
  };
  return { deps, did };
}

const models = [1, 2, 3].map((id) => ({ id, allowedLatenessMs: 0 }));
const HORIZON = NOW - 100 * DAY;

it('what fails for one model is told, keeps its days, and does not keep the others waiting', async () => {
  const { deps, did } = keeperOf({ fails: (what) => what === 'seal 2' || what === 'trim' });

  const kept = await keepTiles(deps, models);

  expect(did).toEqual([
    'seal 1',
    'seal 3',
    'forget 1',
    'forget 3',
    `drop ${HORIZON} -Infinity ${HORIZON}`,
  ]);
  expect(kept?.failed.map(({ what, error }) => `${what}: ${error.message}`)).toEqual([
    'quarantine: no trim',
    'model 2: no seal 2',
  ]);
});

it('a model that is configured no more ages by the time since its last event', async () => {
  const quiet = keeperOf({ quietMs: 30 * DAY });
  await keepTiles(quiet.deps, models.slice(0, 1));
  expect(quiet.did).toContain(`drop ${HORIZON} ${HORIZON + 30 * DAY} ${HORIZON + 30 * DAY}`);
  expect(quiet.did).toContain('forget 3');

  // Somebody else may be counting it.
  const busy = keeperOf({ quietMs: DAY / 2 });
  await keepTiles(busy.deps, models.slice(0, 1));
  expect(busy.did).toContain(`drop ${HORIZON} -Infinity -Infinity`);
  expect(busy.did).not.toContain('forget 3');
});
