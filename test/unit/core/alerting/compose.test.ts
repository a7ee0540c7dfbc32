import { describe, expect, it } from 'vitest';
import { composeNotifications, toldAfter } from '../../../../src/core/alerting/compose.ts';
import type {
  AlertReceiver,
  ComposeDesk,
  ComposeInput,
} from '../../../../src/core/alerting/compose.ts';
import { receiversOf } from '../../../../src/core/alerting/routes.ts';
import type { AlertRoute } from '../../../../src/core/alerting/routes.ts';
import { seriesKey } from '../../../../src/core/alerting/worst.ts';
import { NEVER_ALERTED } from '../../../../src/core/alerting/transition.ts';
import type { AlertNotice, AlertRow, Notice } from '../../../../src/core/alerting/types.ts';
import type { FeatureTier } from '../../../../src/core/domain/feature.ts';
import type { Severity, Verdict } from '../../../../src/core/domain/verdict.ts';
import type { FeatureResult } from '../../../../src/core/evaluate/types.ts';

const END = Date.UTC(2013, 6, 18);

function result(feature: string, change: Partial<FeatureResult> = {}): FeatureResult {
  const verdict: Verdict = 'drifted';
  return {
    feature,
    kind: 'numeric',
    role: 'input',
    tier: 'standard',
    segment: 'all',
    window: '24h',
    verdict,
    warmingUp: false,
    provenBelow: false,
    n: 1_000,
    m: 50_000,
    nEff: 1_000,
    mEff: 50_000,
    designEffect: 1,
    minimumDetectableEffect: 0.11,
    missing: { baseline: 0, live: 0.1 },
    invalid: { baseline: 0, live: 0 },
    outOfRangeShare: null,
    unseenShare: null,
    statistics: [
      {
        name: 'psi',
        value: 0.4,
        logP: -50,
        logP0: -50,
        logPAdjusted: -48,
        logPDelta: null,
        fires: 'critical',
      },
      {
        name: 'ks',
        value: 0.3,
        low: 0.3,
        high: 0.305,
        logP: -90,
        logP0: -90,
        logPAdjusted: -88,
        logPDelta: null,
        fires: 'critical',
      },
    ],
    groups: null,
    ...change,
  };
}

function alert(feature: string, severity: Severity = 'critical', segment = 'all'): AlertRow {
  return {
    ...NEVER_ALERTED,
    state: 'firing',
    severity,
    incident: 3,
    firingSince: END - 3_600_000,
    notifiedSeverity: severity,
    featureId: 1,
    feature,
    segment,
  };
}

function notice(
  feature: string,
  kind: Notice = 'first',
  severity: Severity = 'critical',
): AlertNotice {
  return { alert: alert(feature, severity), notice: kind, severity };
}

const route = (receiver: string, match: Partial<AlertRoute['match']> = {}): AlertRoute => ({
  receiver,
  match: { model: null, feature: null, tier: null, severity: null, ...match },
});

const receiver = (name: string, to: readonly string[], sendResolved = true): AlertReceiver => ({
  name,
  targets: to.map((recipient) => ({ channel: 'email', recipient, sendResolved })),
});

function compose(change: Partial<ComposeInput>) {
  return composeNotifications({
    model: 'flights',
    monitor: 'daily',
    windowEnd: END,
    revision: 0,
    notices: [],
    allFiring: [],
    results: ['a', 'b', 'c'].map((name) => result(name)),
    routes: [route('ops')],
    receivers: [receiver('ops', ['ops@example.com'])],
    ...change,
  });
}

describe('one message a recipient', () => {
  it('tells of all features at once, worst first, and names what fires still', () => {
    const composed = compose({
      notices: [notice('a', 'resolved'), notice('b', 'first', 'warning'), notice('c')],
      allFiring: [alert('b', 'warning'), alert('c'), alert('d')],
      results: [...['a', 'b', 'c'].map((name) => result(name)), result('d', { window: '7d' })],
    });
    expect(composed).toHaveLength(1);
    const [{ message, reason, recipient } = { message: null, reason: null, recipient: null }] =
      composed;
    expect(recipient).toBe('ops@example.com');
    expect(reason).toBe('added'); // there is news, and something else was told before
    expect(message?.severity).toBe('critical');
    expect(message?.features.map(({ feature, notice: kind }) => [feature, kind])).toEqual([
      ['c', 'first'],
      ['b', 'first'],
      ['a', 'resolved'],
    ]);
    expect(message?.stillFiring.map(({ feature }) => feature)).toEqual(['d']);
  });

  it.each<[Notice[], string]>([
    [['first', 'resolved'], 'first'],
    [['escalated', 'resolved'], 'escalated'],
    [['resolved'], 'resolved'],
  ])('of %j is for the reason %s', (kinds, reason) => {
    const notices = kinds.map((kind, i) => notice(['a', 'b'][i] ?? 'c', kind));
    expect(compose({ notices }).map((one) => one.reason)).toEqual([reason]);
  });

  it('carries the numbers of the worst window', () => {
    const [composed] = compose({
      notices: [notice('a')],
      results: [
        result('a', { verdict: 'stable', window: '1h', n: 5 }),
        result('a', { window: '7d', n: 700 }),
      ],
    });
    expect(composed?.message.features[0]).toMatchObject({
      window: '7d',
      n: 700,
      m: 50_000,
      psi: 0.4,
      ks: { value: 0.3, low: 0.3, high: 0.305, logP: -90 },
      missing: { baseline: 0, live: 0.1 },
      since: END - 3_600_000,
      incident: 3,
    });
  });

  it('explains and draws what is new, not the context', () => {
    const [composed] = compose({
      notices: [notice('a'), notice('b', 'resolved')],
      allFiring: [alert('a'), alert('c')],
      explain: ({ feature }) => [`${feature} moved`],
      picture: () => ({ kind: 'categorical', bars: [] }),
    });
    const { features = [], stillFiring = [] } = composed?.message ?? {};
    expect(features.map(({ explanation }) => explanation)).toEqual([['a moved'], ['b moved']]);
    expect(features.map(({ picture }) => picture?.kind ?? null)).toEqual(['categorical', null]);
    expect(stillFiring).toMatchObject([{ feature: 'c', explanation: [], picture: null }]);
  });

  it('leads to what is about the whole, and at each feature to what is about it', () => {
    const [composed] = compose({
      notices: [notice('a b&c')],
      links: [
        { label: 'Model', url: 'https://g.example/m' },
        { label: 'Feature', url: 'https://g.example/f?f={feature}&s={segment}&f={feature}' },
      ],
    });
    expect(composed?.message.links).toEqual([{ label: 'Model', url: 'https://g.example/m' }]);
    expect(composed?.message.features[0]?.links).toEqual([
      { label: 'Feature', url: 'https://g.example/f?f=a%20b%26c&s=all&f=a%20b%26c' },
    ]);
  });

  it('tells of a feature that the evaluation does not know any more', () => {
    const [composed] = compose({ notices: [notice('gone', 'resolved')], results: [] });
    expect(composed?.message.features).toMatchObject([
      { feature: 'gone', verdict: null, window: null, psi: null, ks: null, n: 0 },
    ]);
  });

  it('says nothing when nothing is new', () => {
    expect(compose({ allFiring: [alert('a')] })).toEqual([]);
  });

  it('leaves out recoveries for those who do not want them', () => {
    const receivers = [receiver('ops', ['ops@example.com'], false)];
    expect(compose({ receivers, notices: [notice('a', 'resolved')] })).toEqual([]);
    const both = compose({ receivers, notices: [notice('a', 'resolved'), notice('b')] });
    expect(both[0]?.message.features.map(({ feature }) => feature)).toEqual(['b']);
  });
});

describe('dedup keys', () => {
  const input = {
    notices: [notice('a')],
    receivers: [receiver('ops', ['x@example.com', 'y@example.com', 'x@example.com'])],
  };

  it('differ by recipient, and a recipient named twice is told once', () => {
    const composed = compose(input);
    expect(composed.map(({ recipient }) => recipient)).toEqual(['x@example.com', 'y@example.com']);
    expect(new Set(composed.map(({ dedupKey }) => dedupKey)).size).toBe(2);
    for (const { dedupKey } of composed) expect(dedupKey).toMatch(/^[0-9a-f]{64}$/);
  });

  it('are the same when the same evaluation is composed again, and others for any other', () => {
    const keys = (change: Partial<ComposeInput> = {}) =>
      compose({ ...input, ...change }).map(({ dedupKey }) => dedupKey);
    expect(keys()).toEqual(keys({ notices: [notice('a'), notice('b')] }));
    const others = [
      keys({ monitor: 'other' }),
      keys({ windowEnd: END + 1 }),
      keys({ revision: 1 }),
    ];
    expect(new Set([keys(), ...others].flat()).size).toBe(8);
  });
});

describe('routes', () => {
  const seen = {
    model: 'flights',
    feature: 'a',
    segment: 'all',
    tier: 'critical',
    severity: 'critical',
  } as const;

  it('give an alert to the first that matches, and on while one says continue', () => {
    const routes = [
      route('never', { model: 'other' }),
      { ...route('first', { tier: 'critical' }), continue: true },
      route('second', { severity: 'critical' }),
      route('third'),
    ];
    expect(receiversOf(routes, seen)).toEqual(['first', 'second']);
    expect(receiversOf(routes, { ...seen, tier: 'standard', severity: 'warning' })).toEqual([
      'third',
    ]);
    expect(receiversOf(routes.slice(0, 1), seen)).toEqual([]);
  });

  it.each<Partial<AlertRoute['match']>>([
    { feature: 'b' },
    { segment: 'country=DE' },
    { severity: 'warning' },
    { tier: 'standard' },
    { model: 'other' },
  ])('match only when %j does', (match) => {
    expect(receiversOf([route('ops', match)], seen)).toEqual([]);
    expect(receiversOf([route('ops', match)], { ...seen, ...match } as typeof seen)).toEqual([
      'ops',
    ]);
  });

  it('that are none send everything to everybody', () => {
    const receivers = [receiver('x', ['x@example.com']), receiver('y', ['y@example.com'])];
    const composed = compose({ routes: [], receivers, notices: [notice('a')] });
    expect(composed.map((one) => one.receiver)).toEqual(['x', 'y']);
  });

  it.each<[FeatureTier, number]>([
    ['critical', 1],
    ['standard', 1],
    ['ignore', 0],
  ])('tell of tier %s in %i messages', (tier, messages) => {
    const composed = compose({ notices: [notice('a')], results: [result('a', { tier })] });
    expect(composed).toHaveLength(messages);
  });
});

describe('an incident that changes its severity', () => {
  const routes = [route('a', { severity: 'warning' }), route('b', { severity: 'critical' })];
  const receivers = [receiver('a', ['a@example.com']), receiver('b', ['b@example.com'])];
  const step = (kind: Notice, severity: Severity, told?: readonly string[] | null) => {
    const one = { ...alert('x', severity), ...(told === undefined ? {} : { told }) };
    const input: ComposeInput = {
      model: 'flights',
      monitor: 'daily',
      windowEnd: END,
      revision: 0,
      notices: [{ alert: one, notice: kind, severity }],
      allFiring: [],
      results: [result('x')],
      routes,
      receivers,
    };
    const after = toldAfter(input).get(seriesKey('x', 'all'));
    return { to: composeNotifications(input).map((row) => row.receiver), after };
  };

  it('is told to its end to everyone who heard of it', () => {
    const first = step('first', 'warning', []);
    expect(first).toEqual({ to: ['a'], after: ['a'] });
    const worse = step('escalated', 'critical', first.after);
    expect(worse).toEqual({ to: ['a', 'b'], after: ['a', 'b'] });
    expect(step('resolved', 'critical', worse.after)).toEqual({ to: ['a', 'b'], after: [] });
  });

  it('is not told as over to who never heard of it', () => {
    expect(step('resolved', 'critical', step('first', 'critical', []).after).to).toEqual(['b']);
  });

  it('from before that was remembered goes by its routes, of both severities', () => {
    expect(step('escalated', 'critical', null).to).toEqual(['a', 'b']);
    expect(step('resolved', 'critical').to).toEqual(['b']);
  });
});

describe('repeats', () => {
  const DAY = 86_400_000;
  const desk = (change: Partial<ComposeDesk> = {}): ComposeDesk => ({
    monitorId: 7,
    told: new Map([['ops', END - 7 * DAY]]),
    acknowledged: new Set(),
    muted: new Set(),
    holds: false,
    ...change,
  });
  const firing = { ...alert('a'), notifiedSeverity: 'critical' as const };

  it('tell what fires on in full again, after the interval', () => {
    const [row] = compose({ allFiring: [firing], desk: desk(), explain: () => ['why'] });
    expect(row).toMatchObject({
      reason: 'repeat',
      message: {
        severity: 'critical',
        features: [{ feature: 'a', notice: 'repeat', explanation: ['why'] }],
        stillFiring: [],
      },
    });
  });

  it.each<[string, Partial<ComposeDesk>]>([
    ['before the interval is over', { told: new Map([['ops', END - 7 * DAY + 1]]) }],
    ['to a receiver who was never told', { told: new Map() }],
    ['of what somebody has acknowledged', { acknowledged: new Set([seriesKey('a', 'all')]) }],
    ['of what is silenced', { muted: new Set([seriesKey('a', 'all')]) }],
  ])('are not told %s', (_when, change) => {
    expect(compose({ allFiring: [firing], desk: desk(change) })).toEqual([]);
  });

  it('follow the interval of the route', () => {
    const routes = [{ ...route('ops'), repeatIntervalMs: DAY }];
    const told = new Map([['ops', END - DAY]]);
    expect(compose({ allFiring: [firing], routes, desk: desk({ told }) })).toHaveLength(1);
  });

  it('wait while there is news: that counts from anew', () => {
    const [row] = compose({
      notices: [notice('b')],
      allFiring: [firing, alert('b')],
      desk: desk(),
    });
    expect(row).toMatchObject({ reason: 'added', group: { monitorId: 7, toldAt: END } });
    expect(row?.message.features.map(({ feature }) => feature)).toEqual(['b']);
    expect(row?.message.stillFiring.map(({ feature }) => feature)).toEqual(['a']);
  });

  it('are of one group a model and receiver, whose messages wait only on the clock of the wall', () => {
    const routes = [{ ...route('ops'), groupWaitMs: 30_000, groupIntervalMs: 300_000 }];
    const group = (holds: boolean, monitor: string) =>
      compose({ notices: [notice('a')], routes, monitor, desk: desk({ holds }) })[0]?.group;
    expect(group(true, 'daily')).toMatchObject({ waitMs: 30_000, intervalMs: 300_000 });
    expect(group(false, 'daily')).toMatchObject({ waitMs: 0, intervalMs: 0 });
    expect(group(true, 'daily')?.key).toBe(group(true, 'weekly')?.key);
  });
});
