/**
 * Sends a million messages that nobody should send through decoder, accumulator and database, and checks that each ends
 * in exactly one counter, that the good ones among them are counted to the last bin, that nothing crashes or stalls, and that
 * memory stays within 350 MiB, with the queues of the daemon.
 * Run: npm run fuzz:events -- [--messages 1000000] [--seed N]
 */
import { parseArgs } from 'node:util';
import { fuzzEvents, STALL_MS } from './fuzz/run.ts';
import { createDatabase, startPostgres } from './servers/postgres.ts';

const MAX_RSS_MIB = 350;
const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
  },
});
const [messages, seed] = [Number(values.messages), Number(values.seed)];
if (!Number.isSafeInteger(messages) || messages < 1 || !Number.isSafeInteger(seed) || seed < 0) {
  process.stderr.write('--messages and --seed must be whole numbers\n');
  process.exit(2);
}

const server = await startPostgres();
try {
  const result = await fuzzEvents({ url: await createDatabase(server.url), messages, seed });
  const { stored, told } = result;
  const sum = Object.values(stored).reduce((all, n) => all + n, 0);
  console.table(stored);
  console.table(Object.fromEntries([...result.reasons].sort(([, a], [, b]) => b - a)));
  const claims: readonly (readonly [claim: string, holds: boolean])[] = [
    [`${sum} records in the counters for ${messages} messages`, sum === messages],
    [
      'the metrics tell what the database has',
      (told.get('counted') ?? 0) === stored['counted'] &&
        (told.get('quarantined') ?? 0) === stored['quarantined'] &&
        (told.get('too_late') ?? 0) === stored['too_late'],
    ],
    [
      'each quarantined record has one reason',
      [...result.reasons.values()].reduce((all, n) => all + n, 0) === stored['quarantined'],
    ],
    ['driftd failed over none', !result.reasons.has('internal-error')],
    [`${result.segments} segments, at most 52`, result.segments <= 52],
    [
      `peak RSS ${Math.round(result.peakRssMiB)} MiB, at most ${MAX_RSS_MIB} MiB`,
      result.peakRssMiB <= MAX_RSS_MIB,
    ],
    [
      `${result.compared.tiles} tiles of unspoiled records hold exactly what these say${result.compared.differences.map((line) => `\n       ${line}`).join('')}`,
      result.compared.tiles > 0 && result.compared.differences.length === 0,
    ],
    [
      `longest pause between checkpoints ${(result.longestPauseMs / 1_000).toFixed(1)} s, at most ${STALL_MS / 1_000} s`,
      result.longestPauseMs <= STALL_MS,
    ],
  ];
  for (const [claim, holds] of claims)
    process.stdout.write(`${holds ? 'holds ' : 'FAILS '} ${claim}\n`);
  process.stdout.write(
    `${Math.round(messages / result.seconds)} messages/s, longest turn of the event loop ${Math.round(result.longestTurnMs)} ms, seed ${seed}\n`,
  );
  if (!claims.every(([, holds]) => holds)) process.exitCode = 1;
} finally {
  await server.stop();
}
