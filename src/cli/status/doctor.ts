import { styleText } from 'node:util';

import { Command } from 'commander';

import { examine } from '../../app/status/doctor.ts';
import { exitCodeOf } from '../../app/status/finding.ts';
import type { Finding } from '../../app/status/finding.ts';
import { loadConfig } from '../../config/load.ts';
import type { ExitCode } from '../../platform/errors.ts';
import { createLog } from '../../platform/log.ts';
import type { CliDeps, CliIo } from '../deps.ts';
import { configOption, formatOption } from '../options.ts';
import type { OutputFormat } from '../options.ts';
import { plainText } from './table.ts';

const COLOR_OF = { ok: 'green', warning: 'yellow', fault: 'red', unknown: 'gray' } as const;

export function doctorCommand(deps: CliDeps, io: CliIo, done: (code: ExitCode) => void): Command {
  return new Command('doctor')
    .description('look at everything that driftd depends on, and at its work; changes nothing')
    .addOption(configOption())
    .addOption(formatOption())
    .addHelpText(
      'after',
      '\nExit codes: 0 no fault (there may be warnings), 3 the configuration is wrong,\n5 the schema is newer than this program, 6 something is at fault.',
    )
    .action(async (options: { config: string; format: OutputFormat }) => {
      const config = await loadConfig(options.config, {
        env: io.env,
        validateCron: deps.validateCron,
      });
      const log = createLog('silent', { write: io.err });
      const findings = await examine(config, log, deps.clock);
      const code = exitCodeOf(findings);
      if (options.format === 'json') io.out(`${JSON.stringify({ ok: code === 0, findings })}\n`);
      else
        io.out(findingsText(findings, process.stdout.isTTY && (io.env['NO_COLOR'] ?? '') === ''));
      done(code);
    });
}

function number(count: number, one: string): string {
  return `${String(count)} ${one}${count === 1 ? '' : 's'}`;
}

function findingsText(findings: readonly Finding[], colours: boolean): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.map(({ check, state, says, wayOut }) => {
    const text = state.padEnd(7);
    const mark = colours ? styleText(COLOR_OF[state], text, { validateStream: false }) : text;
    const way = wayOut === null ? '' : `\n${' '.repeat(width + 11)}→ ${plainText(wayOut)}`;
    return `${mark}  ${plainText(check).padEnd(width)}  ${plainText(says)}${way}`;
  });
  const faults = findings.filter(({ state }) => state === 'fault').length;
  const warnings = findings.filter(({ state }) => state === 'warning').length;
  const verdict =
    faults + warnings === 0
      ? 'Everything that could be looked at is as it should be.'
      : `${number(faults, 'fault')}, ${number(warnings, 'warning')}.`;
  return `${lines.join('\n')}\n\n${verdict}\n`;
}
