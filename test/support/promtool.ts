import { spawnSync } from 'node:child_process';
import { toolsAreRequired } from './tools.ts';

/**
 * What `promtool check metrics` says about a page; empty when it has nothing to say. Where tools are not required and
 * there is no promtool the page goes unchecked, and the end of the run says so (closing-line-reporter.ts).
 * @throws Error when there is no promtool and tools are required
 */
export function promtoolCheckMetrics(page: string): string {
  const run = spawnSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8' });
  if (run.error !== undefined) {
    if (!toolsAreRequired()) return '';
    throw new Error(
      `promtool is needed to check the metrics page and cannot be started (${run.error.message}): install it, on Debian with apt-get install prometheus`,
    );
  }
  return run.status === 0
    ? `${run.stdout}${run.stderr}`.trim()
    : `exit ${run.status}: ${run.stdout}${run.stderr}`;
}
