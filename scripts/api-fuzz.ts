/*
 * Asks a real driftd with history everything that its OpenAPI document allows, and much that it does not:
 * npm run api:fuzz [-- --examples N --seed N]. Twice: with any names, and with those of a model and a feature that are
 * there. Fails on a server error, on an answer that the document does not announce, and when fewer than 5,000 cases
 * were tried.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { startRig } from './api/rig.ts';
import { runProgram, schemathesis } from './api/schemathesis.ts';
import { makeTempFolder } from './servers/lifecycle.ts';

const LEAST_CASES = 5_000;
/** What fits the document may be refused all the same: there is no such thing, not now, not these rows. */
const SETTINGS = `[checks]
positive_data_acceptance.expected-statuses = ["2xx", 401, 403, 404, 409, 422, 431, 503]
negative_data_rejection.expected-statuses = ["4xx", 503]

# Each of these judges days of history.
[[operations]]
include-operation-id = ["shadowBaseline", "promoteBaseline"]
generation.max-examples = 10

# What is JSON is taken, even a text without a letter: whether it is an event is found when it is counted.
[[operations]]
include-operation-id = "postEvents"
checks.negative_data_rejection.expected-statuses = ["2xx", "4xx", 503]

# Of a file the document cannot say that it has rows: an empty one is sent, too.
[[operations]]
include-operation-id = "uploadBaseline"
generation.max-examples = 10
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 404, 409, 422, 431, 503]

# A part may be empty: then it asks where to go on. Nothing is completed here: four files in part are all.
[[operations]]
include-operation-id = "appendUpload"
checks.positive_data_acceptance.expected-statuses = ["2xx", 401, 403, 404, 409, 422, 429, 431, 503]
checks.negative_data_rejection.expected-statuses = ["2xx", "4xx", 503]
`;
/** What the second pass asks for wherever a path has a name. */
const THERE = `${SETTINGS}
[parameters]
"path.model" = "flights-late"
"path.feature" = "temp"
"path.version" = 1
"path.evaluation" = "1"
`;

const { values } = parseArgs({
  options: {
    examples: { type: 'string', default: '70' },
    seed: { type: 'string', default: '1' },
  },
});
const root = fileURLToPath(new URL('..', import.meta.url));
const program = await schemathesis();
const folder = makeTempFolder('fuzz');
const rig = await startRig(root);
let cases = 0;
let failed = false;
try {
  for (const settings of [SETTINGS, THERE]) {
    const file = join(folder.path, 'settings.toml');
    await writeFile(file, settings);
    const fuzzed = await runProgram(
      program,
      [
        `--config-file=${file}`,
        'run',
        `${rig.daemon.url}/api/v1/openapi.json`,
        '--checks=all',
        '--mode=all',
        `--max-examples=${values.examples}`,
        `--seed=${values.seed}`,
        '--continue-on-failure',
        '--request-timeout=60',
        '--warnings=off',
      ],
      folder.path,
    );
    rig.daemon.assertRunning();
    failed ||= fuzzed.code !== 0;
    cases += Number(/([\d,]+) generated/.exec(fuzzed.out)?.[1]?.replaceAll(',', '') ?? 0);
  }
  const enough = cases >= LEAST_CASES;
  process.stdout.write(`${cases} cases${enough ? '' : `, fewer than ${LEAST_CASES}`}\n`);
  failed ||= !enough;
} finally {
  await rig.stop();
  folder.remove();
}
process.exitCode = failed ? 1 : 0;
