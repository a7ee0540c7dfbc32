import { testPostgres } from '../servers/postgres.ts';
import { raceDelivery, UNDER_WAY } from './delivery-race.ts';
import { STEPS } from './delivery-steps.ts';
import type { SoakPart } from './part.ts';

const transitionsOf = (short: boolean): number => (short ? 100 : 1_000);
/** Of all messages, under kills. */
const MAX_DUPLICATES = 0.01;

export const deliverySoak: SoakPart = {
  about: (short) =>
    `${transitionsOf(short)} alert transitions by mail and webhook, SIGKILL at each of ${STEPS.length} steps: none lost`,
  async run({ short, seed, say }) {
    const server = await testPostgres();
    try {
      const report = await raceDelivery({
        server: server.url,
        transitions: transitionsOf(short),
        killsPerStep: short ? 1 : 4,
        seed,
        say,
      });
      const { messages, arrived, lost, unknown, untold, altered, duplicates, kills } = report;
      const killed = Object.values(kills).reduce((sum, count) => sum + count, 0);
      say(
        `${arrived} arrived of ${messages}, ${duplicates} twice; kills: ${JSON.stringify(kills)}`,
      );
      const allowed = short ? killed * UNDER_WAY : Math.floor(messages * MAX_DUPLICATES);
      return [
        ...(lost.length === 0 ? [] : [`${lost.length} lost: ${lost.slice(0, 5).join(', ')}`]),
        ...(unknown.length === 0 ? [] : [`${unknown.length} with a key of their own`]),
        ...(untold.length === 0
          ? []
          : [`${untold.length} changes not told in order: ${untold.slice(0, 5).join(', ')}`]),
        ...(altered.length === 0 ? [] : [`${altered.length} arrived with another content`]),
        ...(duplicates <= allowed ? [] : [`${duplicates} duplicates, ${allowed} are allowed`]),
        ...STEPS.filter((step) => kills[step] === undefined).map((step) => `no kill ${step}`),
      ];
    } finally {
      await server.stop();
    }
  },
};
