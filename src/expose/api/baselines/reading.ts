import type { FastifyReply, FastifyRequest } from 'fastify';

import type { Clock } from '../../../platform/clock.ts';
import { Refusal } from '../../http/problem-details.ts';
import { answer, by } from './answer.ts';
import type { BaselineDesk, BaselineUpload, UploadDeclarations, UploadResult } from './desk.ts';
import { jsonIn } from './fields.ts';
import type { UploadFields } from './fields.ts';

/** Uploads at once: each takes a process and its memory. */
const MAX_UPLOADS = 2;
/** Of one token; those that were only checked, or found others being read, are not counted. */
const UPLOADS_AN_HOUR = 20;
const HOUR_MS = 3_600_000;

/** Where every file is read that came, however it came: the limits, the reader and the record are the same. */
export interface Reading {
  /**
   * Does the work when there is room for one more.
   * @throws Refusal 503 | 429 before it begins
   */
  admit<T>(
    request: FastifyRequest,
    said: Pick<UploadFields, 'validate'>,
    work: () => Promise<T>,
  ): Promise<T>;
  /** Makes a candidate of a file, or only checks it. @throws Refusal 404 | 422 */
  take(
    request: FastifyRequest<{ Params: { model: string } }>,
    reply: FastifyReply,
    file: Pick<BaselineUpload, 'path' | 'name' | 'sha256'>,
    said: UploadFields,
  ): Promise<UploadResult>;
}

export function createReading(desk: BaselineDesk, clock: Pick<Clock, 'now'>): Reading {
  let running = 0;
  const hourly = createHourly(UPLOADS_AN_HOUR, clock);
  return {
    async admit(request, { validate }, work) {
      if (running >= MAX_UPLOADS) {
        const text = `${MAX_UPLOADS} uploads are being read; come again.`;
        throw new Refusal(503, text, { 'retry-after': '10' });
      }
      const after = validate === 'true' ? 0 : hourly.take(callerKey(request));
      if (after > 0) {
        const text = `More than ${UPLOADS_AN_HOUR} uploads an hour; come again.`;
        throw new Refusal(429, text, { 'retry-after': String(Math.ceil(after / 1000)) });
      }
      running += 1;
      try {
        return await work();
      } finally {
        running -= 1;
      }
    },
    take(request, reply, file, said) {
      const { reason: why = '', validate, format: _, name: __, ...columns } = said;
      return answer(async () => {
        const validateOnly = validate === 'true';
        const declared = declaredOf(columns);
        const upload = { ...by(request, why), ...file, validateOnly, declared };
        const done = await desk.upload(request.params.model, upload);
        void reply.code(done.baseline === null || done.known ? 200 : 201);
        return done;
      });
    },
  };
}

/** Of whom uploads are counted; null: of nobody, as programs on this machine that need no token have no limit. */
function callerKey({ caller, headers, ip }: FastifyRequest): string | null {
  if (headers.authorization !== undefined) return caller?.name ?? ip;
  return caller?.name === 'loopback' ? null : ip;
}

/** How often each may do something within an hour. */
function createHourly(most: number, clock: Pick<Clock, 'now'>) {
  const taken = new Map<string, number[]>();
  return {
    /** @returns 0, or ms after which it may be done again */
    take(key: string | null): number {
      if (key === null) return 0;
      const now = clock.now();
      for (const [other, times] of taken)
        if ((times.at(-1) ?? 0) <= now - HOUR_MS) taken.delete(other);
      const recent = (taken.get(key) ?? []).filter((time) => time > now - HOUR_MS);
      if (recent.length >= most) return (recent[0] ?? now) + HOUR_MS - now;
      taken.set(key, [...recent, now]);
      return 0;
    },
  };
}

type Columns = Partial<Record<keyof UploadDeclarations, string | undefined>>;

/** What is said in texts, as the desk takes it. */
export function declaredOf({ time, categories, unit, ...columns }: Columns): UploadDeclarations {
  const lists = Object.entries(columns).map(([key, text]) => [
    key,
    (text ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  ]);
  return {
    ...(Object.fromEntries(lists) as Omit<UploadDeclarations, 'time' | 'categories' | 'unit'>),
    ...(categories === undefined
      ? {}
      : { categories: jsonIn(categories) as NonNullable<UploadDeclarations['categories']> }),
    ...(unit === undefined
      ? {}
      : { unit: jsonIn(unit) as NonNullable<UploadDeclarations['unit']> }),
    ...(time === undefined ? {} : { time }),
  };
}
