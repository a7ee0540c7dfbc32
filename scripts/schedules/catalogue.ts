import type { Schedule, Turn } from './run.ts';
import type { Point } from './stops.ts';

const STEPS: readonly Point[] = [
  'create',
  'claim',
  'claimed',
  'identity',
  'custody',
  'count',
  'begin',
  'position',
  'rows',
  'commit',
  'outcome',
];
/** Points at which the owner has a transaction open. */
const IN_TRANSACTION: readonly Point[] = ['position', 'rows', 'commit', 'outcome'];
/** Points at which the position can be set by hand without waiting for the owner. */
const UNLOCKED: readonly Point[] = ['count', 'begin', 'position'];

/** Every schedule. @param mutant some bugs bring a stop point of their own */
export function schedules(mutant: string | null): Schedule[] {
  const all: Schedule[] = [];
  const add = (turn: Turn, points: readonly Point[]): void => {
    for (const at of points) {
      if (at !== 'create') all.push({ at, turn, when: 'later' });
      all.push({ at, turn, when: 'fresh' });
    }
  };
  // First those that only one kind of bug answers to.
  all.push(...UNLOCKED.map((at) => ({ at, turn: 'moved', when: 'later' }) as const));
  all.push({ at: 'halt', turn: 'resumed', when: 'later' });
  add('cut', IN_TRANSACTION);
  add('resumed', STEPS);
  add('killed', mutant === 'offset-before-rows' ? ['between', ...STEPS] : STEPS);
  add('ended', STEPS);
  return all;
}
