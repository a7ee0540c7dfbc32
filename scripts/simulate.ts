/**
 * Prints the tables of docs/statistics.md: what the statistics measure, and what the decision does with driftd's own
 * code on data whose truth is known (false alarms a day, power, autocorrelation, seasonality). Ends with exit code 1 when a claim does not hold.
 *
 * npm run simulate -- [--full] [--seed N] [--only effects,zero-rules,detectable,false-alarms,power,...]
 */
import { parseArgs } from 'node:util';
import { autocorrelationTable } from './simulate/autocorrelation.ts';
import { falseAlarmTable } from './simulate/false-alarms.ts';
import { powerTable } from './simulate/power.ts';
import { detectableTable, effectTable, zeroRuleTable } from './simulate/reference.ts';
import { seasonalityTable } from './simulate/seasonality.ts';

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const seed = Number(values.seed);
if (!Number.isInteger(seed) || seed < 0) {
  process.stderr.write(`--seed ${values.seed} is no whole number, 0 or more\n`);
  process.exit(2);
}

const TABLES: Readonly<Record<string, () => boolean>> = {
  effects: effectTable,
  'zero-rules': () => zeroRuleTable(seed),
  detectable: detectableTable,
  'false-alarms': () => falseAlarmTable(seed, values.full ? 120 : 60),
  power: () => powerTable(seed + 1, 2000, values.full ? 'thirty' : 'alone'),
  autocorrelation: () => autocorrelationTable(seed + 2, values.full ? 30 : 10),
  seasonality: () => seasonalityTable(seed + 3, values.full ? 200 : 60),
};
const wanted = values.only?.split(',') ?? Object.keys(TABLES);
const unknown = wanted.filter((name) => TABLES[name] === undefined);
if (unknown.length > 0) {
  process.stderr.write(
    `no table ${unknown.join(', ')}: there are ${Object.keys(TABLES).join(', ')}\n`,
  );
  process.exit(2);
}

const start = performance.now();
process.stdout.write(`seed ${seed}, ${values.full ? 'full' : 'short'} form\n`);
const failed = wanted.filter((name) => !(TABLES[name] as () => boolean)());
const seconds = ((performance.now() - start) / 1000).toFixed(0);
process.stdout.write(
  failed.length === 0
    ? `\nEvery table agrees (${seconds} s).\n`
    : `\nDoes not agree: ${failed.join(', ')} (${seconds} s). Figures that differ are marked with !.\n`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
