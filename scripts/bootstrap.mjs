// Runs a script of this project on the project's own Node, installing the packages first when they are missing or not
// in step with package-lock.json. Plain JavaScript without packages: it must work on Node 20 in a fresh clone.
// Usage: node scripts/bootstrap.mjs SCRIPT [ARGUMENTS]
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** Whose end is to be ours; asked before anything takes time. */
const parent = process.ppid;
const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const lockFile = path.join(root, 'package-lock.json');
const installedFile = path.join(root, 'node_modules', '.package-lock.json');
const markFile = path.join(root, 'node_modules', '.driftd-lock-sha256');
const lockHash = createHash('sha256').update(readFileSync(lockFile)).digest('hex');

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** Whether what npm says it has installed is what the lockfile asks for (other platforms' packages aside). */
function installedMatches() {
  if (!existsSync(installedFile)) return false;
  const wanted = JSON.parse(readFileSync(lockFile, 'utf8')).packages ?? {};
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages ?? {};
  return Object.entries(wanted).every(([name, entry]) => {
    if (name === '' || entry.link === true) return true;
    const found = installed[name];
    if (found === undefined) return entry.optional === true || entry.peer === true;
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

function inStep() {
  if (existsSync(markFile) && readFileSync(markFile, 'utf8') === lockHash) return true;
  return installedMatches();
}

function install() {
  process.stderr.write('Installing the packages of package-lock.json (npm ci) ...\n');
  const started = performance.now();
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const npmScript = process.env.npm_execpath;
  const [command, all] = npmScript?.endsWith('.js')
    ? [process.execPath, [npmScript, ...args]]
    : ['npm', args];
  const result = spawnSync(command, all, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (result.status !== 0) {
    const said = result.error?.message ?? `${result.stdout}${result.stderr}`.trim();
    fail(
      `${said}\nThe packages could not be installed: see above, put it right, and run "npm ci".`,
    );
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  process.stderr.write(`Installed in ${seconds} s.\n`);
}

function projectNode() {
  const candidates = [
    path.join(root, 'node_modules', 'node', 'bin', 'node'),
    path.join(root, 'node_modules', '.bin', 'node'),
  ];
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found !== undefined) return found;
  if (Number(process.versions.node.split('.')[0]) >= 22) return process.execPath;
  return fail(
    'The Node of this project is not installed: run "npm ci" with install scripts allowed, or use Node 22.22 or newer.',
  );
}

if (Number(process.versions.node.split('.')[0]) < 20) {
  fail(`This needs Node 20 or newer to install itself; this is ${process.version}.`);
}
const [script, ...args] = process.argv.slice(2);
if (script === undefined) fail('Usage: node scripts/bootstrap.mjs SCRIPT [ARGUMENTS]');
if (!inStep()) install();
if (!existsSync(markFile) || readFileSync(markFile, 'utf8') !== lockHash) {
  writeFileSync(markFile, lockHash);
}
if (!existsSync(path.resolve(root, script))) fail(`There is no ${script} in ${root}.`);

/**
 * As in the Dockerfile. With much memory in the machine V8 makes its young generation as large as 128 MiB, which is most of
 * what driftd takes, and each collection of it a pause. What is in the environment already comes behind, and wins.
 */
const NODE_OPTIONS = `--max-semi-space-size=16 ${process.env.NODE_OPTIONS ?? ''}`.trim();

const node = projectNode();
const bin = path.join(root, 'node_modules', '.bin');
const child = spawn(node, [path.resolve(root, script), ...args], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, NODE_OPTIONS, PATH: `${bin}${path.delimiter}${process.env.PATH ?? ''}` },
});
/**
 * npm passes SIGTERM on to its shell, and both end without telling us: that the parent is gone says so. Only under npm, for
 * whoever starts this in the background of a shell may want it to outlive that. A hang-up takes npm and the shell away, too,
 * but tells us, and is no wish to end: driftd then reads its configuration anew.
 */
const PARENT_POLL_MS = 500;
const HANG_UP_MS = 5000;
let hungUpAt = -Infinity;
let polledWithout = 0;
const watch = setInterval(() => {
  if (process.ppid === parent) return;
  polledWithout += 1;
  // Seen twice: a signal that ended the parent and us together has arrived by now.
  if (polledWithout < 2) return;
  clearInterval(watch);
  if (performance.now() - hungUpAt > HANG_UP_MS) child.kill('SIGTERM');
}, PARENT_POLL_MS);
watch.unref();
if (parent === 1 || process.env.npm_lifecycle_event === undefined) clearInterval(watch);

// A terminal's Ctrl-C reaches the child by itself; a signal that was sent to us alone must be passed on. Who was told to end
// once is not told again: the second time means "at once".
process.on('SIGTERM', () => {
  clearInterval(watch);
  child.kill('SIGTERM');
});
process.on('SIGINT', () => {
  clearInterval(watch);
  if (!process.stdin.isTTY) child.kill('SIGINT');
});
process.on('SIGHUP', () => {
  hungUpAt = performance.now();
  child.kill('SIGHUP');
});
child.on('error', (error) => fail(`${node} does not start: ${error.message}`));
child.on('exit', (code, signal) => {
  process.exitCode = code ?? 128 + (constants.signals[signal] ?? 1);
});
