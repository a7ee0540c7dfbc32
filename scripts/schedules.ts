/*
 * Deterministic schedules: the owner of a partition is stopped at each step of the protocol, something happens, it goes
 * on; then what is stored is compared with what was written. npm run schedules [-- --mutant NAME | --all-mutants].
 * With a mutant (a planted bug) the exit code is 0 when a schedule has found it within 60 s; without, when none has found
 * anything.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';

import { MUTANTS } from './schedules/mutants.ts';
import { findFault } from './schedules/search.ts';
import { testPostgres } from './servers/postgres.ts';

const { values } = parseArgs({
  options: { mutant: { type: 'string' }, 'all-mutants': { type: 'boolean', default: false } },
});
const { mutant } = values;
if (mutant !== undefined && !Object.hasOwn(MUTANTS, mutant)) {
  process.stderr.write(
    `there is no mutant ${mutant}; mutants: ${Object.keys(MUTANTS).join(', ')}\n`,
  );
  process.exit(2);
}
const wanted = values['all-mutants'] ? [null, ...Object.keys(MUTANTS)] : [mutant ?? null];
const server = await testPostgres();
let wrong = 0;
try {
  for (const one of wanted) {
    const { found, otherwise, ran, seconds } = await findFault(await server.createDatabase(), one);
    const told =
      found === null ? `nothing found in ${ran} schedules` : `${found.name}: ${found.fault}`;
    const right = (one === null) === (found === null);
    if (!right) wrong += 1;
    const verdict = right ? 'ok    ' : 'WRONG ';
    process.stdout.write(
      `${verdict} ${(one ?? '(no mutant)').padEnd(32)} ${seconds.toFixed(1).padStart(6)} s  ${told}\n`,
    );
    for (const { name, fault } of otherwise)
      process.stdout.write(`       ${' '.repeat(42)} besides, ${name}: ${fault}\n`);
  }
} finally {
  await server.stop();
}
process.exitCode = wrong === 0 ? 0 : 1;
