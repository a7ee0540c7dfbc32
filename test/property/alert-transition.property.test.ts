import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { couldJudge, severityOf, transition } from '../../src/core/alerting/transition.ts';
import type { Alert, AlertPolicy, Notice } from '../../src/core/alerting/types.ts';
import { isFiring, VERDICTS } from '../../src/core/domain/verdict.ts';

const observations = fc.array(
  fc.record({ verdict: fc.constantFrom(...VERDICTS), mayNotify: fc.boolean() }),
  { maxLength: 60 },
);
const policies: fc.Arbitrary<AlertPolicy> = fc
  .record({
    firing: fc.integer({ min: 1, max: 4 }),
    more: fc.nat(3),
    close: fc.integer({ min: 1, max: 5 }),
  })
  .map(({ firing, more, close }) => ({ open: { firing, of: firing + more }, close }));

describe('the alert state machine, for any verdicts and policy', () => {
  it('opens and closes exactly when a second reading of ruling 8 says so', () => {
    fc.assert(
      fc.property(observations, policies, (steps, policy) => {
        let alert: Alert | null = null;
        let firing = false;
        let since: boolean[] = []; // fires or not, since the last closing
        let quiet = 0;
        steps.forEach(({ verdict, mayNotify }, at) => {
          ({ alert } = transition(
            alert,
            { verdict, severity: severityOf(verdict), at, mayNotify },
            policy,
          ));
          if (firing) {
            if (couldJudge(verdict)) quiet = isFiring(verdict) ? 0 : quiet + 1;
            if (quiet === policy.close) {
              firing = false;
              since = [];
            }
          } else {
            since.push(isFiring(verdict));
            const hits = since.slice(-policy.open.of).filter(Boolean).length;
            if (isFiring(verdict) && hits >= policy.open.firing) {
              firing = true;
              quiet = 0;
            }
          }
          expect(alert.state === 'firing').toBe(firing);
        });
      }),
    );
  });

  it('announces in order: first, at most one escalation, then resolved, and only when it may', () => {
    fc.assert(
      fc.property(observations, policies, (steps, policy) => {
        let alert: Alert | null = null;
        let last: Notice | null = null;
        let incident = 0;
        steps.forEach(({ verdict, mayNotify }, at) => {
          const step = transition(
            alert,
            { verdict, severity: severityOf(verdict), at, mayNotify },
            policy,
          );
          if (!mayNotify) expect(step.notice).toBeNull();
          expect(step.noticeSeverity === null).toBe(step.notice === null);
          if (step.notice === 'first') {
            expect(step.alert.incident).toBeGreaterThan(incident);
            incident = step.alert.incident;
          }
          if (step.notice === 'escalated') expect(last).toBe('first');
          if (step.notice === 'resolved')
            expect(last === 'first' || last === 'escalated').toBe(true);
          last = step.notice ?? last;
          ({ alert } = step);
          expect(alert.severity === null).toBe(alert.state === 'inactive');
          if (alert.state === 'firing' && mayNotify) expect(alert.notifiedSeverity).not.toBeNull();
        });
      }),
    );
  });
});
