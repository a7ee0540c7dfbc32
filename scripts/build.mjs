// Emits dist/: JavaScript and types by tsc, and beside them the files that are read at run time.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const dist = path.join(root, 'dist');
const SHEBANG = '#!/usr/bin/env node\n';
const ASSETS = /\.(sql|json|html|css|svg|ttf)$/;

rmSync(dist, { recursive: true, force: true });
const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
try {
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
} catch {
  process.exit(1);
}
cpSync(path.join(root, 'src'), dist, {
  recursive: true,
  filter: (source) => !path.basename(source).includes('.') || ASSETS.test(source),
});
const main = path.join(dist, 'main.js');
if (!existsSync(main)) {
  process.stderr.write('dist/main.js is missing: tsc emitted no entry point\n');
  process.exit(1);
}
const code = readFileSync(main, 'utf8');
if (!code.startsWith('#!')) writeFileSync(main, SHEBANG + code);
chmodSync(main, 0o755);
