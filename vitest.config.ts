import { defineConfig } from 'vitest/config';
import { leftOut } from './test/support/tools.ts';

const POSTGRES = './test/support/servers-postgres.setup.ts';
const KAFKA = './test/support/servers-kafka.setup.ts';
/** Test files for which this machine lacks a program; none where CI is set. The reporter tells. */
const exclude = leftOut().flatMap(({ files }) => files);
/** How long `expect.poll` waits for what must come: a machine that stands still for a while is no fault of the program. */
const expect = { poll: { timeout: 20_000 } };

/**
 * Groups run one after another: the quick ones first, then those that share the machine with servers. Two files at a time:
 * most of them wait for servers more than they compute.
 */
export default defineConfig({
  test: {
    maxWorkers: 2,
    reporters: ['default', './test/support/closing-line-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          exclude,
          expect,
          testTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'property',
          include: ['test/property/**/*.test.ts'],
          exclude,
          expect,
          testTimeout: 300_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          exclude,
          expect,
          testTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          exclude,
          expect,
          globalSetup: [POSTGRES],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude,
          expect,
          globalSetup: [POSTGRES, KAFKA],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
