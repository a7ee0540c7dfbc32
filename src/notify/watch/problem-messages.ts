import { createHash } from 'node:crypto';
import type { AlertReceiver } from '../../core/alerting/compose.ts';
import type { SystemMessage } from '../../core/alerting/message.ts';
import { problemTitle, severityOfProblem } from '../../core/alerting/problems.ts';
import type { ProblemKind } from '../../core/alerting/problems.ts';
import type { OutboxWrite } from '../../storage/outbox-store.ts';

export interface ToldProblem {
  readonly kind: ProblemKind;
  readonly about: string;
  readonly detail: string;
  readonly since: number;
}

/** Why a problem is told: it began, it grew, it goes on, it is over. */
export type ProblemReason = 'first' | 'added' | 'repeat' | 'resolved';

/**
 * The messages about a problem, one a recipient. What is wrong with a channel goes out by the others; by that channel
 * only when there is no other.
 * @param at when it is told; ms: a problem that is told again has messages of its own
 */
export function problemMessages(
  problem: ToldProblem,
  reason: ProblemReason,
  at: number,
  receivers: readonly AlertReceiver[],
): OutboxWrite[] {
  const { kind, about, detail, since } = problem;
  const status = reason === 'resolved' ? 'resolved' : 'firing';
  const title = problemTitle(kind, about);
  const message: SystemMessage = {
    version: 1,
    kind: 'system',
    problem: kind,
    about,
    status,
    severity: severityOfProblem(kind),
    title:
      reason === 'resolved' ? `Over: ${title}` : reason === 'repeat' ? `Still: ${title}` : title,
    sentences: status === 'firing' ? [detail] : ['It is well again.'],
    facts: [],
    since,
  };
  const broken = kind === 'delivery-broken' || kind === 'dead-letter' ? about : null;
  const all = targetsOf(receivers);
  const others = all.filter(({ channel }) => channel !== broken);
  return (others.length > 0 ? others : all)
    .filter(({ sendResolved }) => status === 'firing' || sendResolved)
    .map(({ receiver, channel, recipient }) => ({
      dedupKey: key(kind, about, at, status, channel, receiver, recipient),
      receiver,
      channel,
      recipient,
      reason,
      message,
    }));
}

/** A test message to everyone. @param tick when it was due; the same on every replica */
export function testMessages(tick: number, receivers: readonly AlertReceiver[]): OutboxWrite[] {
  return targetsOf(receivers).map(({ receiver, channel, recipient }) => ({
    dedupKey: key('test', tick, channel, receiver, recipient),
    receiver,
    channel,
    recipient,
    reason: 'test',
    message: testMessage(receiver, channel, tick),
  }));
}

/** What a test says. @param now ms since the epoch */
export function testMessage(receiver: string, channel: string, now: number): SystemMessage {
  return {
    version: 1,
    kind: 'system',
    problem: 'test',
    about: channel,
    status: 'test',
    severity: 'warning',
    title: `Test message to ${receiver} by ${channel}`,
    sentences: ['Messages reach you. Nothing is wrong, and nothing is to be done.'],
    facts: [
      { label: 'Receiver', value: receiver },
      { label: 'Channel', value: channel },
    ],
    since: now,
  };
}

function targetsOf(receivers: readonly AlertReceiver[]) {
  return receivers.flatMap(({ name, targets }) =>
    targets.map((target) => ({ receiver: name, ...target })),
  );
}

function key(...parts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
