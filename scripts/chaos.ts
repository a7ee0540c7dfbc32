/*
 * Workers, broker and database hurt at random under load, and what is stored compared with what was sent:
 * npm run chaos [-- --events N --faults N --minutes M --seed N]. The exit code is 1 when a count differs or a promise broke.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';

import { runChaos } from './chaos/run.ts';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '60000' },
    faults: { type: 'string', default: '40' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
  },
});
const faults = Number(values.faults);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
say(`seed ${seed}`);
const started = performance.now();
const report = await runChaos({
  events: Number(values.events),
  faults,
  seed,
  // By default a fault every 1.2 s.
  minutes: Number(values.minutes ?? faults * 0.02),
  say,
});
for (const [fault, times] of Object.entries(report.struck)) say(`  ${fault}: ${times}`);
const { fenced, unknown, retry, claims } = report.told;
say(
  `checkpoints refused: ${fenced}, of unknown outcome: ${unknown}, tried again: ${retry}; claims: ${claims}`,
);
for (const broken of report.broken) say(`BROKEN: ${broken}`);
const seconds = Math.round((performance.now() - started) / 1_000);
say(
  `${values.events} events, ${faults} faults, ${seconds} s, seed ${seed}: difference ${report.difference}`,
);
process.exitCode = report.difference === 0 && report.broken.length === 0 ? 0 : 1;
