import { describe, expect, it } from 'vitest';

import { brokenAmong, racePosts } from '../../scripts/soak/posts-race.ts';
import { postgresUrl } from '../support/servers.ts';

describe('posted events', () => {
  it('that were answered with 202 are counted once, though the daemon is killed in the middle', async () => {
    const report = await racePosts({
      server: postgresUrl(),
      posts: 1_500,
      eventsAPost: 3,
      kills: 2,
      seed: 20_240_102,
      timeoutMs: 120_000,
      say: () => undefined,
    });
    const broken = brokenAmong(4_500);
    expect(report).toMatchObject({
      acknowledged: 1_500,
      counted: 4_500 - broken,
      ofModel: 4_500 - broken,
      quarantined: broken,
      waiting: 0,
      kills: 2,
    });
    expect(broken).toBeGreaterThan(50);
    expect(report.repeated).toBeGreaterThan(0);
    // What was stored and is sent again is found by its key.
    expect(report.lost).toBeGreaterThan(30);
    expect(report.known).toBeGreaterThanOrEqual(report.lost);
  });
});
