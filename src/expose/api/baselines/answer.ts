import { DriftdError } from '../../../platform/errors.ts';
import type { Change } from '../../../storage/baseline-store.ts';
import { z } from 'zod';

import { Refusal } from '../../http/problem-details.ts';
import { actorOf } from '../caller.ts';

/** What the routes of baselines share. */
export const TAGS = ['baselines'];
export const LOOK = { scope: 'read', models: 'param' } as const;
export const WRITE = { scope: 'baseline:write', models: 'param' } as const;
export const REFUSED = z.null().meta({ description: 'It is refused: the detail says why.' });

export function by(request: Parameters<typeof actorOf>[0], why: string): Change {
  const { name, requestId } = actorOf(request);
  return { actor: name, reason: why, requestId };
}

/** What people can mend is their answer: 404 for what is not there, 422 for what cannot be taken. */
export async function answer<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof DriftdError)) throw thrown;
    const status = STATUS_OF[thrown.code];
    if (status === undefined) throw thrown;
    throw new Refusal(status, thrown.message);
  }
}

const STATUS_OF: Readonly<Partial<Record<DriftdError['code'], number>>> = {
  BASELINE_UNKNOWN: 404,
  BASELINE_INVALID: 422,
  INPUT_INVALID: 422,
  KAFKA_UNREACHABLE: 503,
  KAFKA_TOPIC_MISSING: 422,
};

/** ms, within the years that the database knows as four digits. */
export function instantOf(text: string): number {
  return Math.min(Math.max(0, Date.parse(text)), Date.UTC(9999, 0, 1));
}
