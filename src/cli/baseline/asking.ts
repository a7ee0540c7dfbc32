import { DriftdError, toError } from '../../platform/errors.ts';
import type { ErrorCode } from '../../platform/errors.ts';

/** Looking at many days takes its time, and so does a large file. */
const ANSWER_MS = 900_000;

/** Requests about models to a running driftd. */
export interface Asking {
  /**
   * The answer as it is, whatever its status.
   * @param path below `/api/v1/models/`
   * @throws DriftdError DAEMON_UNREACHABLE: there is none
   */
  send(method: Method, path: string, sent?: RequestInit, withinMs?: number): Promise<Response>;
  /** What it brings. @throws DriftdError what it refuses */
  read<T>(response: Response): Promise<T>;
  /** Both of them. */
  ask<T>(method: Method, path: string, sent?: RequestInit): Promise<T>;
}

type Method = 'GET' | 'HEAD' | 'PATCH' | 'POST';

export function createAsking(address: string, token: string | null): Asking {
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  const unreachable = (why: string): DriftdError =>
    new DriftdError('DAEMON_UNREACHABLE', `driftd at ${address} does not do it: ${why}`);

  const asking: Asking = {
    async send(method, path, sent = {}, withinMs = ANSWER_MS) {
      if (!URL.canParse(address))
        throw unreachable('this is no address, write it like http://127.0.0.1:8080');
      try {
        return await fetch(new URL(`/api/v1/models/${path}`, address), {
          method,
          ...sent,
          headers: { ...authorization, ...(sent.headers as Record<string, string> | undefined) },
          signal: AbortSignal.timeout(withinMs),
          redirect: 'error',
        });
      } catch (thrown) {
        const { cause, message } = toError(thrown);
        throw unreachable(cause instanceof Error && cause.message !== '' ? cause.message : message);
      }
    },
    async read<T>(response: Response) {
      const body = (await response.json().catch(() => null)) as T | { detail?: string } | null;
      if (response.ok && body !== null) return body as T;
      const detail = (body as { detail?: string } | null)?.detail ?? 'without a reason';
      const code = CODE_OF[response.status];
      if (code === undefined) throw unreachable(`${response.status}, ${detail}`);
      const after = response.headers.get('retry-after');
      const again = after === null ? '' : ` (in ${after} seconds)`;
      throw new DriftdError(code, `${detail}${again}`);
    },
    ask: async (method, path, sent) => asking.read(await asking.send(method, path, sent)),
  };
  return asking;
}

/** Answers of the API as the errors they are here. */
const CODE_OF: Readonly<Partial<Record<number, ErrorCode>>> = {
  400: 'INPUT_INVALID',
  401: 'ACCESS_REFUSED',
  403: 'ACCESS_REFUSED',
  404: 'BASELINE_UNKNOWN',
  409: 'BASELINE_INVALID',
  413: 'BASELINE_INVALID',
  415: 'BASELINE_INVALID',
  422: 'BASELINE_INVALID',
  429: 'DAEMON_BUSY',
  503: 'DAEMON_BUSY',
  507: 'DAEMON_BUSY',
};
