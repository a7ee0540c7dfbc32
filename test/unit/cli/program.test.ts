import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { AppOptions, CliDeps, RunningApp } from '../../../src/cli/deps.ts';
import { runCli } from '../../../src/cli/program.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { DriftdError } from '../../../src/platform/errors.ts';

let folder = '';
let good = '';
let bad = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'driftd-cli-'));
  good = join(folder, 'good.yaml');
  bad = join(folder, 'bad.yaml');
  await writeFile(good, 'postgres: { url: "postgres://u:p@127.0.0.1/d" }\nmodels: [{ name: m }]\n');
  await writeFile(bad, 'postgres: { pol: 3 }\n');
});
afterAll(() => rm(folder, { recursive: true }));

/** One command line in a process of its own making: what it printed, how it ended, what became of the app. */
function setUp(app: Partial<RunningApp> = {}, migrate?: CliDeps['migrate']) {
  const output = { out: '', err: '' };
  const calls: string[] = [];
  const created: AppOptions[] = [];
  const stop = new AbortController();
  const deps: CliDeps = {
    createApp: async (options) => {
      created.push(options);
      return {
        start: async () => void calls.push('start'),
        reload: async () => void calls.push('reload'),
        stop: async (deadlineMs) => void calls.push(`stop ${deadlineMs}`),
        address: { host: '127.0.0.1', port: 4711 },
        ...app,
      };
    },
    migrate: migrate ?? (async () => ({ from: 0, to: 3 })),
    validateCron: () => null,
    build: { name: 'driftd', version: '1.2.3', node: '24.0.0' },
    clock: systemClock,
  };
  const io = {
    out: (text: string) => void (output.out += text),
    err: (text: string) => void (output.err += text),
    env: {},
    stop: stop.signal,
  };
  return { output, calls, created, stop, run: (...argv: string[]) => runCli(argv, deps, io) };
}

describe('usage', () => {
  it.each([
    [[], 'Usage: driftd'],
    [['rnu'], "unknown command 'rnu'\n(Did you mean run?)"],
    [['run', '--rolls', 'x'], "unknown option '--rolls'\n(Did you mean --roles?)"],
    [['run', '--roles', 'ingest,evalute'], '"evalute" is no role, did you mean "evaluate"?'],
    [['run', '--roles', ''], 'Roles: ingest, evaluate, notify, serve.'],
    [['version', '--format', 'xml'], 'Allowed choices are text, json'],
    [['version', 'extra'], 'too many arguments'],
    [['rnu', '--help'], "unknown command 'rnu'\n(Did you mean run?)\n(driftd --help tells more)"],
    [['help', 'rnu'], "unknown command 'rnu'"],
    [['source', 'resett', '-h'], "unknown command 'resett'\n(Did you mean reset?)"],
    [['help', 'source', 'resett'], "unknown command 'resett'"],
    [['silence', 'add', 'feature=temp'], '(driftd silence add --help tells more)'],
    [['silence', 'ad'], '(driftd silence --help tells more)'],
  ])('%j ends with 2 and says what there is', async (argv, told) => {
    const { run, output, created } = setUp();
    expect(await run(...argv)).toBe(2);
    expect(output.err).toContain(told);
    expect(output.out).toBe('');
    expect(created).toEqual([]);
  });

  it.each([[['--help']], [['help']], [['run', '--help']], [['--version']]])(
    '%j is 0 on the output',
    async (argv) => {
      const { run, output } = setUp();
      expect(await run(...argv)).toBe(0);
      expect(output.out).not.toBe('');
      expect(output.err).toBe('');
    },
  );

  it.each([
    [['help', 'run'], 'Usage: driftd run '],
    [['help', 'source'], 'Usage: driftd source '],
    [['help', 'source', 'reset'], 'Usage: driftd source reset '],
    [['source', 'help', 'reset'], 'Usage: driftd source reset '],
    [['source', 'reset', '--help'], 'Usage: driftd source reset '],
    [['source', 'help'], 'Usage: driftd source '],
    [['help', '--help'], 'Usage: driftd '],
  ])('%j tells of that command', async (argv, told) => {
    const { run, output } = setUp();
    expect(await run(...argv)).toBe(0);
    expect(output.out.startsWith(told)).toBe(true);
    expect(output.err).toBe('');
  });

  it('help lists every command and every exit code', async () => {
    const { run, output } = setUp();
    await run('--help');
    for (const word of ['run', 'check-config', 'migrate', 'version'])
      expect(output.out).toContain(`  ${word}`);
    for (const code of [0, 1, 2, 3, 4, 5, 6])
      expect(output.out).toMatch(new RegExp(`\\b${code} [a-z]`));
    const folder = fileURLToPath(new URL('../../../', import.meta.url));
    expect(output.out).toContain(`docs/errors.md explains every error; docs/ is in ${folder}\n`);
  });
});

describe('check-config', () => {
  it('tells people and machines that a file is right', async () => {
    const { run, output } = setUp();
    expect(await run('check-config', '--config', good)).toBe(0);
    expect(output.out).toBe(
      `${good} is fine: no source of events, 1 model, 0 monitors, 0 receivers.
warning: nothing will be counted: write kafka, http_source or replay, where the events come from (docs/sources.md)
`,
    );
    const json = setUp();
    expect(await json.run('check-config', '--config', good, '--format', 'json')).toBe(0);
    expect(JSON.parse(json.output.out)).toMatchObject({ ok: true, models: ['m'], topics: [] });
  });

  it('tells every mistake, line by line, and ends with 3', async () => {
    const { run, output } = setUp();
    expect(await run('check-config', '--config', bad)).toBe(3);
    expect(output.err).toBe(
      `${bad}:1:11 postgres: url is missing, give url or url_file\n${bad}:1:13 postgres.pol: unknown key, did you mean "pool"?\n`,
    );
    const json = setUp();
    expect(await json.run('check-config', '--config', bad, '--format', 'json')).toBe(3);
    expect(JSON.parse(json.output.out)).toEqual({
      ok: false,
      code: 'CONFIG_INVALID',
      problems: [
        {
          code: 'CONFIG_INVALID',
          file: bad,
          line: 1,
          column: 11,
          path: 'postgres',
          message: 'url is missing, give url or url_file',
        },
        {
          code: 'CONFIG_INVALID',
          file: bad,
          line: 1,
          column: 13,
          path: 'postgres.pol',
          message: 'unknown key, did you mean "pool"?',
        },
      ],
    });
  });

  it('tells machines, too, that there is no file', async () => {
    const { run, output } = setUp();
    expect(await run('check-config', '--config', `${folder}/none.yaml`, '--format', 'json')).toBe(
      3,
    );
    expect(JSON.parse(output.out)).toMatchObject({ ok: false, code: 'CONFIG_UNREADABLE' });
  });
});

describe('run', () => {
  it('starts, waits for the stop, stops within its deadline and ends with 0', async () => {
    const { run, calls, stop, output, created } = setUp();
    const ended = run('run', '--config', good, '--roles', 'serve, notify');
    await expect.poll(() => output.out).toContain('driftd is up');
    expect(calls).toEqual(['start']);
    stop.abort('SIGTERM');
    expect(await ended).toBe(0);
    expect(calls).toEqual(['start', 'stop 9000']);
    expect([...(created[0]?.roles ?? [])]).toEqual(['serve', 'notify']);
    const lines = output.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string });
    expect(lines.map((line) => line.msg)).toEqual([
      'driftd starts',
      'driftd is up',
      'driftd stops',
      'driftd has stopped',
    ]);
  });

  it('takes all roles when none are named', async () => {
    const { run, stop, created } = setUp();
    stop.abort('SIGTERM');
    await run('run', '--config', good);
    expect([...(created[0]?.roles ?? [])]).toEqual(['ingest', 'evaluate', 'notify', 'serve']);
  });

  it('stops in the middle of a start that hangs', async () => {
    const { run, stop, calls } = setUp({ start: () => new Promise(() => undefined) });
    const ended = run('run', '--config', good);
    setImmediate(() => stop.abort('SIGINT'));
    expect(await ended).toBe(0);
    expect(calls).toEqual(['stop 9000']);
  });

  it('gives back what a failed start had taken, and ends with its code and one sentence', async () => {
    const { run, calls, output } = setUp({
      start: () =>
        Promise.reject(
          new DriftdError('DATABASE_UNREACHABLE', 'the database at x does not answer'),
        ),
    });
    expect(await run('run', '--config', good)).toBe(6);
    expect(calls).toEqual(['stop 9000']);
    expect(output.err).toBe('driftd: the database at x does not answer\n');
  });

  it('ends with 0 and says so when not everything stopped in order', async () => {
    const { run, stop, output } = setUp({
      stop: () => Promise.reject(new Error('the consumer hangs')),
    });
    stop.abort('SIGTERM');
    expect(await run('run', '--config', good)).toBe(0);
    expect(output.out).toContain('the consumer hangs');
  });

  it('shows the stack of a defect and ends with 1', async () => {
    const { run, output } = setUp({ start: () => Promise.reject(new TypeError('x is undefined')) });
    expect(await run('run', '--config', good)).toBe(1);
    expect(output.err).toMatch(/^driftd: unexpected: TypeError: x is undefined\n {4}at /);
  });
});

describe('migrate', () => {
  it('says from where to where', async () => {
    const { run, output } = setUp();
    expect(await run('migrate', '--config', good)).toBe(0);
    expect(output.out).toBe('The schema went from version 0 to 3.\n');
    const json = setUp();
    await json.run('migrate', '--config', good, '--format', 'json');
    expect(json.output.out).toBe('{"from":0,"to":3}\n');
    const same = setUp({}, async () => ({ from: 3, to: 3 }));
    await same.run('migrate', '--config', good);
    expect(same.output.out).toBe('The schema is up to date at version 3.\n');
  });

  it('ends with 5 when the schema is newer', async () => {
    const { run } = setUp({}, () => Promise.reject(new DriftdError('SCHEMA_TOO_NEW', 'newer')));
    expect(await run('migrate', '--config', good)).toBe(5);
  });
});

describe('version', () => {
  it('tells people and machines', async () => {
    const text = setUp();
    expect(await text.run('version')).toBe(0);
    expect(text.output.out).toBe('driftd 1.2.3 (Node 24.0.0)\n');
    const json = setUp();
    await json.run('version', '--format', 'json');
    expect(JSON.parse(json.output.out)).toEqual({
      name: 'driftd',
      version: '1.2.3',
      node: '24.0.0',
    });
  });
});
