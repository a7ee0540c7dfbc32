import { spawnSync } from 'node:child_process';

/**
 * What `promtool check metrics` says about a page; empty when it has nothing to say.
 * Throws a sentence when there is no promtool, so that a test fails instead of passing unseen.
 */
export function promtoolCheckMetrics(page: string): string {
  const run = spawnSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8' });
  if (run.error !== undefined) {
    throw new Error(
      `promtool is needed to check the metrics page and cannot be started (${run.error.message}): install it, on Debian with apt-get install prometheus`,
    );
  }
  return run.status === 0
    ? `${run.stdout}${run.stderr}`.trim()
    : `exit ${run.status}: ${run.stdout}${run.stderr}`;
}
