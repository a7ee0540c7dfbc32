import { testPostgres } from '../servers/postgres.ts';
import type { SoakPart } from './part.ts';
import { brokenAmong, racePosts } from './posts-race.ts';

const postsOf = (short: boolean): number => (short ? 10_000 : 100_000);
const KILLS = 12;

export const postsSoak: SoakPart = {
  about: (short) =>
    `${postsOf(short)} posts of events, the daemon killed ${KILLS} times: each counted once`,
  async run({ short, seed, say }) {
    const server = await testPostgres();
    try {
      const report = await racePosts({
        server: server.url,
        posts: postsOf(short),
        eventsAPost: 2,
        kills: KILLS,
        seed,
        timeoutMs: 30 * 60_000,
        say,
      });
      const { acknowledged, repeated, lost, known, events, counted, quarantined, seconds } = report;
      say(
        `${acknowledged} acknowledged, ${repeated} sent again, ${known} known already (the answers to ${lost} were thrown away); ${counted} counted and ${quarantined} in quarantine of ${events} events; ${Math.round(acknowledged / seconds)} posts/s`,
      );
      const broken = brokenAmong(events);
      return [
        ...(acknowledged === report.posts ? [] : [`${acknowledged} of ${report.posts} answered`]),
        ...(known > 0 && known >= lost ? [] : [`${known} known of ${lost} sent again`]),
        ...(counted === events - broken ? [] : [`${counted} counted of ${events - broken}`]),
        ...(report.ofModel === counted
          ? []
          : [`${report.ofModel} of the model, ${counted} counted`]),
        ...(quarantined === broken ? [] : [`${quarantined} in quarantine of ${broken}`]),
        ...(report.waiting === 0 ? [] : [`${report.waiting} still wait`]),
      ];
    } finally {
      await server.stop();
    }
  },
};
