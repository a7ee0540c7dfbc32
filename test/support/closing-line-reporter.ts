import { writeFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';
import { leftOut } from './tools.ts';

/**
 * Ends a run with one line, `N passed, N failed`, for people and scripts that read only that.
 * A file that cannot be loaded, an error outside any test and a run without tests count as failed.
 * With DRIFTD_TEST_SUMMARY=path the numbers go to that file as JSON and no line is printed.
 */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(
    modules: readonly TestModule[],
    unhandledErrors: readonly SerializedError[],
    reason: 'passed' | 'interrupted' | 'failed',
  ): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    for (const module of modules) {
      let failedHere = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed += 1;
        if (state === 'failed') failedHere += 1;
      }
      if (failedHere === 0 && module.state() === 'failed') failedHere = 1;
      failed += failedHere;
    }
    if (failed === 0 && (reason !== 'passed' || passed === 0)) failed = 1;
    const target = process.env['DRIFTD_TEST_SUMMARY'];
    if (target !== undefined && target !== '') {
      writeFileSync(target, JSON.stringify({ passed, failed }));
      return;
    }
    // After the other reporters' last words.
    const notes = leftOut().map(noteOf);
    process.once('exit', () => {
      if (notes.length > 0) process.stdout.write(`\n${notes.join('')}\n`);
      process.stdout.write(`${String(passed)} passed, ${String(failed)} failed\n`);
    });
  }
}

/** What did not run for want of a tool, and the way out. */
function noteOf({ tool, files }: ReturnType<typeof leftOut>[number]): string {
  const pages =
    tool.debian === 'prometheus' ? ', nor were pages of metrics checked by promtool' : '';
  return (
    `NOT RUN: ${tool.name} is not on this machine (on Debian: apt-get install ${tool.debian}). ` +
    `Left out: ${files.join(', ')}${pages}. bash .ci/run installs it and runs everything.\n`
  );
}
