import { createRandom } from '../../test/support/baselines.ts';
import { FAULTS } from './faults.ts';
import type { Dice } from './faults.ts';

/** One fault as it is to strike. */
export interface Strike {
  readonly fault: string;
  /** Which of the workers, where one is hurt. */
  readonly worker: number;
  /** From the strike before it. */
  readonly afterMs: number;
  readonly dice: Dice;
}

/**
 * The whole storm, drawn before it begins: the same seed gives the same faults in the same order, however long each of them
 * takes. As many kinds as there is room for are in it, and those that show the most several times.
 * @param spanMs over how long they are spread; a fault begins when the one before it on the same victim is over
 */
export function planStorm(
  seed: number,
  {
    faults,
    workers,
    spanMs,
  }: { readonly faults: number; readonly workers: number; readonly spanMs: number },
): Strike[] {
  const random = createRandom(seed);
  const names = certain().slice(0, faults);
  while (names.length < faults) names.push(choose(random()));
  for (let i = names.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [names[i], names[j]] = [names[j] as string, names[i] as string];
  }
  const gapMs = spanMs / Math.max(1, faults);
  return names.map((fault) => ({
    fault,
    worker: Math.floor(random() * workers),
    afterMs: gapMs * (0.5 + random()),
    dice: [random(), random()],
  }));
}

/** Kinds by how often they must be there, then each once, the heaviest first. */
function certain(): string[] {
  const kinds = Object.entries(FAULTS).sort(([, a], [, b]) => b.weight - a.weight);
  const several = kinds.flatMap(([name, { least = 1 }]) => new Array<string>(least - 1).fill(name));
  return [...several, ...kinds.map(([name]) => name)];
}

/** By weight. @param share in [0, 1) */
function choose(share: number): string {
  const kinds = Object.entries(FAULTS);
  let at = share * kinds.reduce((sum, [, { weight }]) => sum + weight, 0);
  for (const [name, { weight }] of kinds) {
    at -= weight;
    if (at < 0) return name;
  }
  return kinds[0]?.[0] ?? '';
}

/** Of fewer strikes nothing is asked, of fewer than many a quarter: more could fail by chance. */
const FEW_STRIKES = 6;
const MANY_STRIKES = 20;

/** What the storm must have led to, or it has shown nothing: checkpoints refused, and some of unknown outcome. */
export function leastTold(struck: Readonly<Record<string, number>>): {
  readonly fenced: number;
  readonly unknown: number;
} {
  // A worker that owns nothing makes no checkpoint, and another fault may come first: that happens to some.
  const least = (strikes: number): number => {
    if (strikes < FEW_STRIKES) return 0;
    return Math.floor(strikes / (strikes < MANY_STRIKES ? 4 : 2));
  };
  const of = (fault: string): number => struck[fault] ?? 0;
  return {
    fenced: least(of('SIGSTOP at a checkpoint') + of('SIGSTOP beyond the session')),
    unknown: least(of('TCP reset at COMMIT')),
  };
}
