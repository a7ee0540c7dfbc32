#!/usr/bin/env node
/** The only file that touches signals and the exit code. */

/** As `engines` of package.json says. An older Node would end in the middle of an import, with a SyntaxError. */
const LEAST_NODE = [22, 22] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < LEAST_NODE[0] || (major === LEAST_NODE[0] && minor < LEAST_NODE[1])) {
  process.stderr.write(
    `driftd: this needs Node ${LEAST_NODE.join('.')} or newer, and is run by ${process.version}\n`,
  );
  process.exit(1);
}

/** An asked-for stop ends within 10 s, whatever still hangs: the app's own deadline is a little shorter. */
const HARD_STOP_MS = 9_800;

/** Signals that come so soon after each other are one. */
const SAME_SIGNAL_MS = 1_000;

const stop = new AbortController();

let stoppedAt = 0;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) {
      // What is sent to a whole group comes twice, from its sender and from npm: the second time is none.
      if (performance.now() - stoppedAt < SAME_SIGNAL_MS) return;
      process.exit(1);
    }
    stoppedAt = performance.now();
    stop.abort(signal);
    setTimeout(() => process.exit(0), HARD_STOP_MS).unref();
  });
}

// A reader that went away (driftd ... | head) is no defect.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (thrown: unknown) => {
    const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    const line = {
      level: 'fatal',
      time: new Date().toISOString(),
      event,
      stack,
      msg: 'driftd fails',
    };
    process.stderr.write(`${JSON.stringify(line)}\n`, () => process.exit(1));
  });
}

const { cli } = await import('./cli/cli.ts');
const code = await cli(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  ...(process.stdout.isTTY && { columns: process.stdout.columns }),
  env: process.env,
  stop: stop.signal,
  onHangup: (listener) => void process.on('SIGHUP', listener),
});
// Output to a pipe is asynchronous: end only after it is written, and even if something still holds the loop open.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
