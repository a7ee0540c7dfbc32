import { describe, expect, it } from 'vitest';
import { severityOf, transition } from '../../../../src/core/alerting/transition.ts';
import {
  type Alert,
  DEFAULT_ALERT_POLICY,
  type Transition,
} from '../../../../src/core/alerting/types.ts';
import type { Verdict } from '../../../../src/core/domain/verdict.ts';

const HOUR = 3_600_000;

/** Runs verdicts an hour apart; a leading ! marks a tick during which nobody may be told. */
function run(verdicts: readonly string[], policy = DEFAULT_ALERT_POLICY): Transition[] {
  let alert: Alert | null = null;
  return verdicts.map((text, i) => {
    const verdict = text.replace('!', '') as Verdict;
    const step = transition(
      alert,
      { verdict, severity: severityOf(verdict), at: i * HOUR, mayNotify: !text.startsWith('!') },
      policy,
    );
    ({ alert } = step);
    return step;
  });
}

const states = (steps: readonly Transition[]) => steps.map(({ alert }) => alert.state);
const notices = (steps: readonly Transition[]) => steps.map(({ notice }) => notice);

describe('opening', () => {
  it('opens at the second of three evaluations that fire, and announces it once', () => {
    const steps = run(['warning', 'stable', 'warning', 'warning']);
    expect(states(steps)).toEqual(['pending', 'pending', 'firing', 'firing']);
    expect(notices(steps)).toEqual([null, null, 'first', null]);
    expect(steps[2]).toMatchObject({
      noticeSeverity: 'warning',
      alert: {
        incident: 1,
        pendingSince: 0,
        firingSince: 2 * HOUR,
        resolvedAt: null,
        notifiedSeverity: 'warning',
      },
    });
  });

  it('forgets one firing evaluation when the next two do not fire', () => {
    const steps = run(['drifted', 'stable', 'stable', 'stable', 'drifted', 'stable', 'stable']);
    expect(states(steps)).not.toContain('firing');
    expect(steps[3]?.alert).toMatchObject({
      state: 'inactive',
      severity: null,
      pendingSince: null,
    });
  });

  it('lets evaluations without judgement age what it remembers', () => {
    expect(states(run(['drifted', 'no-data', 'insufficient', 'drifted']))).toEqual([
      'pending',
      'pending',
      'pending',
      'pending',
    ]);
  });

  it('opens at once under 1 of 1', () => {
    const [only] = run(['drifted'], { open: { firing: 1, of: 1 }, close: 1 });
    expect(only).toMatchObject({ notice: 'first', noticeSeverity: 'critical' });
  });
});

describe('closing', () => {
  const opened = ['drifted', 'drifted'];

  it('closes after three in a row that do not fire', () => {
    const steps = run([...opened, 'stable', 'stable', 'drifted', 'stable', 'suspected', 'stable']);
    expect(states(steps).slice(1)).toEqual([...Array<string>(6).fill('firing'), 'inactive']);
    expect(steps[7]).toMatchObject({
      notice: 'resolved',
      noticeSeverity: 'critical',
      alert: { resolvedAt: 7 * HOUR, firingSince: HOUR, incident: 1, notifiedSeverity: null },
    });
  });

  it.each(['no-data', 'no-baseline', 'not-comparable'])(
    'takes "%s" for no proof of health, and for no relapse either',
    (unjudged) => {
      const silent = run([...opened, ...Array<string>(20).fill(unjudged)]);
      expect(silent.at(-1)?.alert.state).toBe('firing');
      const healed = run([...opened, 'stable', unjudged, 'stable', unjudged, 'stable']);
      expect(states(healed).slice(-2)).toEqual(['firing', 'inactive']);
    },
  );

  it('counts evaluations of too few effective values: a feature that always has too few must be able to close', () => {
    const steps = run([...opened, 'insufficient', 'insufficient', 'insufficient']);
    expect(states(steps).slice(-2)).toEqual(['firing', 'inactive']);
    expect(steps.at(-1)?.notice).toBe('resolved');
  });

  it('does not let the closed incident help to open the next one', () => {
    const steps = run([...opened, 'stable', 'drifted'], { open: { firing: 2, of: 3 }, close: 1 });
    expect(states(steps)).toEqual(['pending', 'firing', 'inactive', 'pending']);
  });

  it('counts the next opening as a new incident', () => {
    const steps = run([...opened, 'stable', 'stable', 'stable', ...opened]);
    expect(steps.at(-1)).toMatchObject({ notice: 'first', alert: { incident: 2 } });
  });
});

describe('announcements', () => {
  it('tells of an escalation once an incident, however often the severity goes up and down', () => {
    const steps = run(['warning', 'warning', 'drifted', 'warning', 'drifted']);
    expect(notices(steps)).toEqual([null, 'first', 'escalated', null, null]);
    expect(steps[2]?.noticeSeverity).toBe('critical');
  });

  it('makes up for what happened while nobody might be told', () => {
    const steps = run(['!drifted', '!drifted', '!drifted', 'no-data']);
    expect(notices(steps)).toEqual([null, null, null, 'first']);
    expect(steps[3]?.alert.firingSince).toBe(HOUR);
  });

  it('makes up for a resolution too', () => {
    const steps = run(['drifted', 'drifted', '!stable', '!stable', '!stable', 'stable']);
    expect(notices(steps).slice(2)).toEqual([null, null, null, 'resolved']);
  });

  it('says nothing about an incident that came and went unannounced', () => {
    const steps = run(['!drifted', '!drifted', '!stable', '!stable', '!stable', 'stable']);
    expect(notices(steps).every((notice) => notice === null)).toBe(true);
    expect(steps.at(-1)?.alert.incident).toBe(1);
  });
});
