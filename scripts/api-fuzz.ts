/*
 * Asks a real driftd with history everything that its OpenAPI document allows, and much that it does not:
 * npm run api:fuzz [-- --examples N --seed N]. Fails on a server error, on an answer that the document does not
 * announce, and when fewer than 5,000 cases were tried.
 */
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { startRig } from './api/rig.ts';
import { runProgram, schemathesis } from './api/schemathesis.ts';
import { makeTempFolder } from './servers/lifecycle.ts';

const LEAST_CASES = 5_000;

const { values } = parseArgs({
  options: {
    examples: { type: 'string', default: '120' },
    seed: { type: 'string', default: '1' },
  },
});
const root = fileURLToPath(new URL('..', import.meta.url));
const program = await schemathesis();
const folder = makeTempFolder('fuzz');
const rig = await startRig(root);
let code = 1;
try {
  const fuzzed = await runProgram(
    program,
    [
      'run',
      `${rig.daemon.url}/api/v1/openapi.json`,
      '--checks=all',
      '--mode=all',
      '--workers=2',
      `--max-examples=${values.examples}`,
      `--seed=${values.seed}`,
      '--continue-on-failure',
      '--request-timeout=20',
      '--warnings=off',
    ],
    folder.path,
  );
  rig.daemon.assertRunning();
  const cases = Number(/([\d,]+) generated/.exec(fuzzed.out)?.[1]?.replaceAll(',', '') ?? 0);
  const enough = cases >= LEAST_CASES;
  process.stdout.write(`${cases} cases${enough ? '' : `, fewer than ${LEAST_CASES}`}\n`);
  code = fuzzed.code === 0 && enough ? 0 : 1;
} finally {
  await rig.stop();
  folder.remove();
}
process.exitCode = code;
