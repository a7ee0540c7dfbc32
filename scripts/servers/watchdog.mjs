// Ends what its parent started when the parent is gone, however it went (SIGKILL included).
// The parent holds the other end of our standard input: the pipe closes when it dies.
// Lines: "+group PID SIGNAL", "-group PID", "+folder PATH", "-folder PATH". Plain JavaScript: it must start on any Node.
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

const groups = new Map();
const folders = new Set();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) process.on(name, () => {});

function signalGroups(signal) {
  let alive = 0;
  for (const [pid, first] of groups) {
    try {
      process.kill(-pid, signal ?? first);
      alive += 1;
    } catch {
      groups.delete(pid);
    }
  }
  return alive;
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const space = line.indexOf(' ');
  const value = line.slice(space + 1);
  switch (line.slice(0, space)) {
    case '+group':
      groups.set(Number(value.split(' ')[0]), value.split(' ')[1]);
      break;
    case '-group':
      groups.delete(Number(value));
      break;
    case '+folder':
      folders.add(value);
      break;
    case '-folder':
      folders.delete(value);
      break;
  }
});
lines.on('close', () => {
  // The data is thrown away, so nothing needs an orderly shutdown: there is nobody left to wait for one.
  signalGroups(undefined);
  const started = performance.now();
  const timer = setInterval(() => {
    const elapsed = performance.now() - started;
    if (signalGroups(elapsed > 2000 ? 'SIGKILL' : 0) > 0 && elapsed < 6000) return;
    clearInterval(timer);
    for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    process.exit(0);
  }, 50);
});
