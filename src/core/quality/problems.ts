import { shareText } from '../domain/figures.ts';
import { shownNames } from '../domain/shown-name.ts';
import type { QualityCheck, QualityFault } from './faults.ts';

/** Evaluations in a row after which a fault is told, and after which it is over. */
const IN_A_ROW = 2;

/**
 * Checks of a model's events as a whole: nobody else tells of them. What is wrong with a single feature is in the alert
 * of the feature. A model without any event is told of by the watch over silent models.
 */
const TOLD: readonly QualityCheck[] = ['volume-drop', 'unknown'];

/** What is remembered of one check of a monitor. */
export interface QualityProblem {
  readonly check: QualityCheck;
  /** The window that it is about; '' where it is about none. */
  readonly about: string;
  /** Evaluations in a row with the fault; below 0: without it. */
  readonly streak: number;
  /** On the monitor's clock, ms; null: it is not open. */
  readonly since: number | null;
  /** Recipients know of it. */
  readonly told: boolean;
}

export interface QualityNotice {
  readonly problem: QualityProblem;
  readonly status: 'firing' | 'resolved';
  /** null: there is none any more. */
  readonly fault: QualityFault | null;
  /** Since when it was so. */
  readonly since: number;
}

/** Moves what is remembered by one evaluation's faults. @param mayNotify false: nothing is told now, but later, if still so */
export function moveProblems(
  known: readonly QualityProblem[],
  faults: readonly QualityFault[],
  at: number,
  mayNotify: boolean,
): { readonly problems: QualityProblem[]; readonly notices: QualityNotice[] } {
  const faulty = new Map(
    faults
      .filter(({ check }) => TOLD.includes(check))
      .map((fault) => [keyOf(fault.check, fault.window ?? ''), fault]),
  );
  const before = new Map(known.map((problem) => [keyOf(problem.check, problem.about), problem]));
  const problems: QualityProblem[] = [];
  const notices: QualityNotice[] = [];
  for (const key of new Set([...before.keys(), ...faulty.keys()])) {
    const fault = faulty.get(key) ?? null;
    const old = before.get(key) ?? fresh(fault);
    if (old === null) continue;
    const moved = move(old, fault !== null, at);
    const status = moved.since === null ? 'resolved' : 'firing';
    const tells = mayNotify && moved.told !== (moved.since !== null);
    if (tells)
      notices.push({ problem: moved, status, fault, since: moved.since ?? old.since ?? at });
    const problem = tells ? { ...moved, told: !moved.told } : moved;
    // Nothing is left to remember of what was quiet for long and is not known to anybody.
    if (problem.streak > -IN_A_ROW || problem.since !== null || problem.told)
      problems.push(problem);
  }
  return { problems, notices };
}

function keyOf(check: string, about: string): string {
  return `${check} ${about}`;
}

function fresh(fault: QualityFault | null): QualityProblem | null {
  if (fault === null) return null;
  return { check: fault.check, about: fault.window ?? '', streak: 0, since: null, told: false };
}

function move(problem: QualityProblem, faulty: boolean, at: number): QualityProblem {
  const streak = faulty ? Math.max(0, problem.streak) + 1 : Math.min(0, problem.streak) - 1;
  if (streak >= IN_A_ROW) return { ...problem, streak, since: problem.since ?? at };
  return streak <= -IN_A_ROW ? { ...problem, streak, since: null } : { ...problem, streak };
}

/** Names in a sentence; the API lists the others. */
const MAX_NAMED = 5;

/**
 * What a notice says, in a title and a sentence.
 * @param unknown names of unknown features, as far as they are known
 */
export function qualityInWords(
  { problem, fault, status }: QualityNotice,
  model: string,
  unknown: readonly string[] = [],
): { readonly title: string; readonly sentence: string } {
  const title =
    problem.check === 'unknown'
      ? `${model}: events with unknown features`
      : `${model}: far fewer events than usual (${problem.about})`;
  if (status === 'resolved' || fault === null) {
    return { title: `Over: ${title}`, sentence: 'It is well again.' };
  }
  const named = unknown.length === 0 ? '' : ` (${shownNames(unknown, MAX_NAMED)})`;
  const sentence =
    problem.check === 'unknown'
      ? `${shareText(fault.value)} of the events since the last evaluation bring features that the baseline does not know${named}: they are not watched. Upload a baseline that has them, or stop sending them.`
      : `The window of ${problem.about} has ${fault.value} events, where ${Math.round(fault.expected ?? 0)} are usual at this time of the day and week.`;
  return { title, sentence };
}

/** What is wrong with a feature's data, after "missing", "invalid" and so on. */
export function faultInWords({ window, ...fault }: Fault & { readonly window?: string }): string {
  return `${shareInWords(fault)}${window === undefined ? '' : ` (in ${window})`}`;
}

type Fault = Pick<QualityFault, 'check' | 'value' | 'expected'>;

function shareInWords({ check, value, expected }: Fault): string {
  const before = expected === null ? '' : `, ${shareText(expected)} in the baseline`;
  switch (check) {
    case 'absent':
      return 'no event of the window has it';
    case 'missing':
      return `${shareText(value)} of the values are missing${before}`;
    case 'invalid':
      return `${shareText(value)} of the values are of the wrong type${before}`;
    case 'unseen':
      return `${shareText(value)} of the values are categories that the baseline does not have`;
    case 'out-of-range':
      return `${shareText(value)} of the values lie outside the baseline's range`;
    default:
      return `${shareText(value)}${before}`;
  }
}
