/**
 * What `driftd compare` of large files takes: seconds and memory of a process of its own, which must not grow with the
 * rows. Eight columns, half of them categories; CSV and a JSON list.
 * Run: npm run bench:compare [rows ...]
 */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { once } from 'node:events';

import { Random } from '../scripts/simulate/random.ts';

/** More than this is no streaming any more. */
const MOST_MIB = 600;
const COLUMNS = ['n1', 'n2', 'n3', 'n4', 'c1', 'c2', 'c3', 'c4'];
/** Prints what the process has taken at most, in KiB, when it ends. */
const TELL_MEMORY =
  'data:text/javascript,process.on("exit",()=>process.stderr.write("maxrss "+process.resourceUsage().maxRSS))';

async function write(file: string, rows: number, seed: number): Promise<void> {
  const random = new Random(seed);
  const isJson = file.endsWith('.json');
  const out = createWriteStream(file);
  out.write(isJson ? '[' : `${COLUMNS.join(',')}\n`);
  for (let i = 0; i < rows; i += 1) {
    const values = COLUMNS.map((name, at) =>
      name.startsWith('n')
        ? Number(random.normal().toFixed(6))
        : `v${String(Math.floor(random.uniform() ** 3 * 10 ** at))}`,
    );
    const text = isJson
      ? `${i === 0 ? '' : ',\n'}${JSON.stringify(Object.fromEntries(COLUMNS.map((name, at) => [name, values[at]])))}`
      : `${values.join(',')}\n`;
    if (!out.write(text)) await once(out, 'drain');
  }
  out.end(isJson ? ']' : '');
  await once(out, 'finish');
}

async function compare(before: string, now: string): Promise<{ seconds: number; mib: number }> {
  const start = performance.now();
  const main = new URL('../src/main.ts', import.meta.url).pathname;
  const argv = ['--import', TELL_MEMORY, main, 'compare', before, now, '--format', 'json'];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  await once(child, 'close');
  const kib = Number(/maxrss (\d+)$/.exec(said)?.[1]);
  return { seconds: (performance.now() - start) / 1000, mib: kib / 1024 };
}

const sizes = process.argv.slice(2).map(Number);
const folder = await mkdtemp(path.join(tmpdir(), 'driftd-bench-'));
try {
  const table = [];
  for (const ending of ['csv', 'json']) {
    for (const rows of sizes.length > 0 ? sizes : [100_000, 1_000_000]) {
      const [before = '', now = ''] = ['before', 'now'].map((name) =>
        path.join(folder, `${name}.${ending}`),
      );
      await write(before, rows, 1);
      await write(now, rows, 2);
      const { seconds, mib } = await compare(before, now);
      if (!(mib <= MOST_MIB)) process.exitCode = 1;
      table.push({
        format: ending,
        'rows of each file': rows,
        seconds: Number(seconds.toFixed(1)),
        MiB: Math.round(mib),
      });
    }
  }
  console.table(table);
} finally {
  await rm(folder, { recursive: true });
}
