import { describe, expect, it } from 'vitest';
import { createStory } from '../../../scripts/demo/story.ts';
import type { FeatureLine } from '../../../scripts/demo/story.ts';

const DAY = Date.UTC(2013, 1, 2);

function tell(verdict: string, days: readonly [counted: number, day: number][]): string {
  let text = '';
  const story = createStory({
    isTTY: false,
    write: (part: string) => {
      text += part;
      return true;
    },
  } as unknown as NodeJS.WriteStream);
  const line: FeatureLine = { feature: 'temp', n: 9, psi: 0.1, ks: 0.1, ksHigh: 0.1, verdict };
  story.begin(100);
  for (const [counted, day] of days) story.progress(counted, day);
  story.features(DAY, [line]);
  story.end();
  return text;
}

describe('the story of the demo, without a terminal', () => {
  it('tells progress from the first event on: before it there is no day', () => {
    const text = tell('stable', [
      [0, 0],
      [7, DAY],
    ]);
    expect(text).not.toContain('1970');
    expect(text).toContain('  2013-02-02  7 of 100 events counted');
  });

  it('says what the verdicts mean that are not plain, where the table has them', () => {
    expect(tell('insufficient', [])).toMatch(/^ *\S*insufficient: too few values/m);
    expect(tell('stable', [])).not.toContain(': ');
  });
});
