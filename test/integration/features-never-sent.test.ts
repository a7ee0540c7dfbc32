import { afterAll, beforeAll, expect, it } from 'vitest';

import { createNormal, rowsOver } from '../support/baselines.ts';
import { runCli } from '../support/run-cli.ts';
import { freshDatabase } from '../support/servers.ts';
import { temporaryFile } from '../support/temporary-file.ts';
import { DAY, HOUR, createWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const START = Date.UTC(2024, 0, 8);
const normal = createNormal(9);
let world: World;

// `country` is a column of the rows, as segments ask for, and in events an attribute only; `fare` is sent by nobody.
beforeAll(async () => {
  world = await createWorld(await freshDatabase(), {
    rows: rowsOver(START - 7 * DAY, START, 60, (time) => ({
      x: normal(),
      fare: normal(),
      country: time % 2 === 0 ? 'DE' : 'US',
    })),
  });
  await world.count(
    rowsOver(START, START + 6 * HOUR, 600, () => ({ x: normal(), fare: null, country: null })),
  );
});
afterAll(() => world.pool.end());

async function run(command: string): Promise<{ code: number; out: string }> {
  const config = await temporaryFile(
    'driftd.yaml',
    `
postgres: { url: "${world.url}" }
models: [{ name: flights, allowed_lateness: 0s, attributes: [country] }]
monitors: [{ name: hourly, model: flights, schedule: "0 * * * *", clock: event, windows: [1h] }]
`,
  );
  return runCli(command, '--config', config);
}

it('the doctor names features of the baseline that events never bring, and what is an attribute of them only', async () => {
  const { out } = await run('doctor');

  expect(out).toContain('fare is in none of the last 3600 events: ignore it, or have it sent');
  expect(out).toContain(
    'country is a feature in none of the last 3600 events, which are sliced by it as an attribute: ignore it (segments stay), or have it sent under "features", too',
  );
  expect(out).toContain('tier: ignore');
  expect(out).not.toMatch(/^.*\bx is in none/m);
});

it('driftd evaluate says what is missing, which PSI and KS do not show', async () => {
  const { code, out } = await run('evaluate');

  expect(code).toBe(4);
  expect(out).toContain('Drifted: fare, country\n');
  expect(out).toContain(`Not as in the baseline:
  fare (all, 1h) missing: 0 % -> 100 %
  country (all, 1h) missing: 0 % -> 100 %
`);
});
