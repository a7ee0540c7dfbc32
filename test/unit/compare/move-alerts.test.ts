import { describe, expect, it } from 'vitest';
import { moveAlerts } from '../../../src/compare/move-alerts.ts';
import type { Telling } from '../../../src/compare/move-alerts.ts';
import type { Mute } from '../../../src/core/alerting/mute.ts';
import { NEVER_ALERTED } from '../../../src/core/alerting/transition.ts';
import { seriesKey } from '../../../src/core/alerting/worst.ts';
import { DEFAULT_ALERT_POLICY } from '../../../src/core/alerting/types.ts';
import type { AlertRow } from '../../../src/core/alerting/types.ts';
import type { Verdict } from '../../../src/core/domain/verdict.ts';
import type { FeatureResult } from '../../../src/core/evaluate/types.ts';

const HOUR = 3_600_000;
const telling: Telling = {
  model: 'flights',
  monitor: 'hourly',
  owner: 'team-a',
  mutes: [],
  sourcesDead: false,
  mayNotify: true,
};
const silence: Mute = {
  matchers: [{ label: 'feature', negated: false, value: 'temp', glob: false }],
  reason: 'known',
};

function result(verdict: Verdict): FeatureResult {
  return {
    feature: 'temp',
    kind: 'numeric',
    role: 'input',
    tier: 'critical',
    segment: 'all',
    window: '1h',
    verdict,
    warmingUp: false,
    provenBelow: false,
    n: 1_000,
    m: 1_000,
    nEff: 1_000,
    mEff: 1_000,
    designEffect: 1,
    minimumDetectableEffect: 0.1,
    missing: { baseline: 0, live: 0 },
    invalid: { baseline: 0, live: 0 },
    outOfRangeShare: null,
    unseenShare: null,
    statistics: [],
    groups: null,
  };
}

/** The notices of a run of verdicts, an hour apart. */
function run(steps: readonly (readonly [Verdict, Partial<Telling>?])[]): (string | null)[] {
  let rows: readonly AlertRow[] = [];
  return steps.map(([verdict, change], i) => {
    const ids = new Map([['temp', 1]]);
    const moved = moveAlerts([result(verdict)], rows, ids, DEFAULT_ALERT_POLICY, i * HOUR, {
      ...telling,
      ...change,
    });
    rows = moved.rows;
    return moved.notices[0]?.notice ?? null;
  });
}

const silenced = { mutes: [silence] };

describe('what is muted', () => {
  it('is told when the silence is over', () => {
    expect(
      run([['drifted', silenced], ['drifted', silenced], ['drifted', silenced], ['drifted']]),
    ).toEqual([null, null, null, 'first']);
  });

  it('is never told when it is over by then itself', () => {
    expect(
      run([
        ['drifted', silenced],
        ['drifted', silenced],
        ['stable', silenced],
        ['stable', silenced],
        ['stable', silenced],
        ['stable'],
      ]),
    ).toEqual([null, null, null, null, null, null]);
  });

  it('that was told before is told as resolved after the silence', () => {
    expect(
      run([
        ['drifted'],
        ['drifted'],
        ['stable', silenced],
        ['stable', silenced],
        ['stable', silenced],
        ['stable'],
      ]),
    ).toEqual([null, 'first', null, null, null, 'resolved']);
  });

  it('by a silence about something else is not muted', () => {
    const other = { mutes: [{ ...silence, matchers: [{ ...silence.matchers[0], value: 'x' }] }] };
    expect(run([['drifted'], ['drifted', other as Partial<Telling>]])).toEqual([null, 'first']);
  });

  it('waits while the sources are dead', () => {
    expect(run([['drifted'], ['drifted', { sourcesDead: true }], ['drifted']])).toEqual([
      null,
      null,
      'first',
    ]);
  });

  it('is what fires while there is no data: it is not repeated as drift', () => {
    const ids = new Map([['temp', 1]]);
    const at = (verdict: Verdict, rows: readonly AlertRow[], time: number) =>
      moveAlerts([result(verdict)], rows, ids, DEFAULT_ALERT_POLICY, time, telling);
    const first = at('drifted', [], 0);
    const second = at('drifted', first.rows, HOUR);
    const third = at('no-data', second.rows, 2 * HOUR);
    expect(third.rows[0]?.state).toBe('firing');
    expect([...third.muted]).toHaveLength(1);
    expect(third.notices).toEqual([]);
  });
});

describe('an alert that opens again', () => {
  it('counts how often it did within a week', () => {
    const ids = new Map([['temp', 1]]);
    let rows: readonly AlertRow[] = [];
    const flaps: number[] = [];
    const steps: Verdict[] = ['drifted', 'drifted', 'stable', 'stable', 'stable'];
    let time = 0;
    for (const pause of [0, 0, 0, 8 * 24 * HOUR]) {
      time += pause;
      for (const verdict of steps) {
        time += HOUR;
        ({ rows } = moveAlerts([result(verdict)], rows, ids, DEFAULT_ALERT_POLICY, time, telling));
      }
      flaps.push(rows[0]?.flaps ?? NaN);
    }
    expect(flaps).toEqual([0, 1, 2, 0]);
    expect(rows[0]?.incident).toBe(4);
  });
});

describe('an alert whose feature is judged no more', () => {
  const firing: AlertRow = {
    ...NEVER_ALERTED,
    state: 'firing',
    severity: 'critical',
    incident: 2,
    recent: ['drifted', 'drifted'],
    firingSince: 0,
    notifiedSeverity: 'critical',
    featureId: 1,
    feature: 'temp',
    segment: 'all',
    told: ['ops'],
  };
  const move = (row: AlertRow, change: Partial<Telling> = {}) =>
    moveAlerts([], [row], new Map(), DEFAULT_ALERT_POLICY, HOUR, { ...telling, ...change });

  it('is resolved with its notice, once', () => {
    const { rows, notices } = move(firing);
    expect(rows).toMatchObject([
      {
        state: 'inactive',
        severity: null,
        resolvedAt: HOUR,
        notifiedSeverity: null,
        told: ['ops'],
      },
    ]);
    expect(notices).toMatchObject([{ notice: 'resolved', severity: 'critical' }]);
    expect(move(rows[0] as AlertRow)).toMatchObject({ rows: [], notices: [] });
  });

  it('is told of after the silence', () => {
    const silent = move(firing, silenced);
    expect(silent.notices).toEqual([]);
    expect(silent.rows).toMatchObject([{ state: 'inactive', notifiedSeverity: 'critical' }]);
    expect(move(silent.rows[0] as AlertRow).notices).toMatchObject([{ notice: 'resolved' }]);
  });

  it('and was only pending is dropped without a word', () => {
    const pending = { ...firing, state: 'pending' as const, notifiedSeverity: null };
    expect(move(pending)).toMatchObject({ rows: [{ state: 'inactive' }], notices: [] });
  });
});

describe('a feature whose data is broken', () => {
  const key = seriesKey('temp', 'all');
  const broken: Partial<Telling> = { troubles: new Map([[key, { cause: 'data', faults: [] }]]) };

  /** What is told, and as what, of a run of verdicts. */
  function told(steps: readonly (readonly [Verdict, Partial<Telling>?])[]): (string | null)[] {
    let rows: readonly AlertRow[] = [];
    return steps.map(([verdict, change], i) => {
      const moved = moveAlerts(
        [result(verdict)],
        rows,
        new Map([['temp', 1]]),
        DEFAULT_ALERT_POLICY,
        i * HOUR,
        { ...telling, ...change },
      );
      rows = moved.rows;
      const [one] = moved.notices;
      if (one === undefined) return null;
      const ended = one.notice === 'resolved' ? (one.alert.causes ?? []).join('+') : one.cause;
      return `${one.notice} ${ended ?? ''}`;
    });
  }

  it('is told as that, and as drift once the data is well and it still fires', () => {
    expect(
      told([
        ['drifted', broken],
        ['drifted', broken],
        ['drifted', broken],
        ['drifted'],
        ['drifted'],
        ['stable'],
        ['stable'],
        ['stable'],
      ]),
    ).toEqual([null, 'first data', null, 'first drift', null, null, null, 'resolved data+drift']);
  });

  it('is told as each once, however often it changes', () => {
    expect(
      told([
        ['drifted'],
        ['drifted'],
        ['drifted', broken],
        ['drifted'],
        ['drifted', broken],
        ['stable'],
        ['stable'],
        ['stable'],
        ['drifted', broken],
        ['drifted', broken],
      ]),
    ).toEqual([
      null,
      'first drift',
      'first data',
      null,
      null,
      null,
      null,
      'resolved drift+data',
      null,
      'first data',
    ]);
  });
});
