import { testPostgres } from '../servers/postgres.ts';
import type { SoakPart } from './part.ts';
import { raceSchedule } from './schedule-race.ts';
import type { RaceReport } from './schedule-race.ts';

const REPLICAS = 4;
const ticksOf = (short: boolean): number => (short ? 200 : 2_000);

export const scheduleSoak: SoakPart = {
  about: (short) =>
    `${ticksOf(short)} ticks, ${REPLICAS} replicas, random SIGKILL and SIGSTOP: each evaluated once`,
  async run({ short, seed, say }) {
    const server = await testPostgres();
    try {
      const report = await raceSchedule({
        server: server.url,
        ticks: ticksOf(short),
        replicas: REPLICAS,
        seed,
        timeoutMs: ticksOf(short) * 1_000,
        say,
      });
      const { kills, freezes, takenOver, messages, evaluations, revisions } = report;
      say(
        `${evaluations} evaluations, ${revisions} revisions, ${messages} messages; ${kills} kills, ${freezes} freezes, ${takenOver} ticks taken over`,
      );
      return faultsOf(report);
    } finally {
      await server.stop();
    }
  },
};

function faultsOf(report: RaceReport): string[] {
  const { ticks, evaluations, repeated, outOfOrder, unsettled, differences } = report;
  return [
    ...(evaluations === ticks ? [] : [`${evaluations} evaluations of ${ticks} ticks`]),
    ...(repeated === 0 ? [] : [`${repeated} evaluated more than once`]),
    ...(outOfOrder === 0 ? [] : [`${outOfOrder} stored out of order`]),
    ...(unsettled === 0 ? [] : [`${unsettled} ticks without an end`]),
    ...differences.map((row) => `not what one undisturbed process stores: ${row}`),
  ];
}
