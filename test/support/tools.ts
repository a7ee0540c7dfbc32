import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { findProgram } from '../../scripts/servers/lifecycle.ts';

/**
 * Programs that some tests need beside Node, Java and Maven. With CI set they must be there, and a test that misses one
 * fails; on a person's machine the files that need a missing one are left out, and the run ends by saying so.
 */
export interface Tool {
  readonly name: string;
  /** Debian's package. */
  readonly debian: string;
  /** A test file that contains this cannot do without. */
  readonly sign: RegExp;
  readonly found: () => boolean;
}

export const CHROMIUM_PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
  '/usr/bin/chromium-browser',
];

const onPath = (name: string) => (): boolean => findProgram(name) !== undefined;

export const TOOLS: readonly Tool[] = [
  {
    name: 'Chromium',
    debian: 'chromium',
    sign: /startChromium/,
    found: () => CHROMIUM_PLACES.some((place) => existsSync(place)),
  },
  {
    name: 'Prometheus with promtool',
    debian: 'prometheus',
    sign: /startPrometheus|spawnSync\('promtool'/,
    found: () => onPath('prometheus')() && onPath('promtool')(),
  },
  {
    name: 'Alertmanager',
    debian: 'prometheus-alertmanager',
    sign: /startAlertmanager/,
    found: onPath('prometheus-alertmanager'),
  },
  { name: 'openssl', debian: 'openssl', sign: /run\('openssl'/, found: onPath('openssl') },
  {
    name: 'Python with venv',
    debian: 'python3-venv',
    sign: /pandasPython/,
    found: () => spawnSync('python3', ['-c', 'import ensurepip, venv']).status === 0,
  },
];

/** Is a tool that is not there a failure? */
export const toolsAreRequired = (): boolean => (process.env['CI'] ?? '') !== '';

const FOLDER = path.join(import.meta.dirname, '..');
/** Groups of tests; `support` is none. */
const GROUPS = ['unit', 'property', 'contract', 'integration', 'e2e'];

/** Every test file that needs a tool, with the tools; paths from the folder of the project. */
export function filesWithTools(): ReadonlyMap<string, readonly Tool[]> {
  const needs = new Map<string, readonly Tool[]>();
  for (const group of GROUPS) {
    for (const name of readdirSync(path.join(FOLDER, group), { recursive: true }) as string[]) {
      if (!name.endsWith('.test.ts')) continue;
      const text = readFileSync(path.join(FOLDER, group, name), 'utf8');
      const tools = TOOLS.filter(({ sign }) => sign.test(text));
      if (tools.length > 0) needs.set(path.posix.join('test', group, name), tools);
    }
  }
  return needs;
}

/** What is not there, with the test files that are left out for it. */
export function leftOut(): readonly { readonly tool: Tool; readonly files: readonly string[] }[] {
  if (toolsAreRequired()) return [];
  const needs = [...filesWithTools()];
  return TOOLS.filter(({ found }) => !found()).map((tool) => ({
    tool,
    files: needs.filter(([, tools]) => tools.includes(tool)).map(([file]) => file),
  }));
}
