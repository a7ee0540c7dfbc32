/*
 * The long forms of the tests that race, kill and freeze: npm run soak [-- PART... [--short] [--seed N]].
 * Without a part: all of them. Prints what each has counted; the exit code is 1 when one promise was broken.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';

import { deliverySoak } from './soak/delivery.ts';
import { chaosSoak, endingSoak, outageSoak } from './soak/ingest.ts';
import { postsSoak } from './soak/posts.ts';
import { scheduleSoak } from './soak/schedule.ts';
import type { SoakPart } from './soak/part.ts';

/** By the names that the command line takes. A new one is a file in soak/ and a line here. */
const PARTS: Readonly<Record<string, SoakPart>> = {
  schedule: scheduleSoak,
  delivery: deliverySoak,
  chaos: chaosSoak,
  ending: endingSoak,
  outage: outageSoak,
  posts: postsSoak,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: 'boolean', default: false }, seed: { type: 'string' } },
});
const unknown = positionals.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) {
  process.stderr.write(
    `there is no part ${unknown.join(', ')}; parts: ${Object.keys(PARTS).join(', ')}\n`,
  );
  process.exit(2);
}
// A new one each time, told with each part: the same number gives the same faults again.
const seed = Number(values.seed ?? Date.now() % 1_000_000);
let broken = 0;
for (const name of positionals.length > 0 ? positionals : Object.keys(PARTS)) {
  const part = PARTS[name] as SoakPart;
  process.stdout.write(`${name}: ${part.about(values.short)} (seed ${seed})\n`);
  const started = performance.now();
  const faults = await part.run({
    short: values.short,
    seed,
    say: (line) => process.stdout.write(`  ${line}\n`),
  });
  broken += faults.length;
  for (const fault of faults) process.stdout.write(`  BROKEN: ${fault}\n`);
  const seconds = Math.round((performance.now() - started) / 1_000);
  process.stdout.write(`  ${faults.length === 0 ? 'kept' : 'broken'} in ${seconds} s\n`);
}
process.exitCode = broken === 0 ? 0 : 1;
