import { describe, expect, it } from 'vitest';
import { createReloader } from '../../../src/app/reload/reloader.ts';
import { DriftdError } from '../../../src/platform/errors.ts';
import { createLog } from '../../../src/platform/log.ts';
import { parseConfig } from '../../support/parse-config.ts';

const config = await parseConfig('models: [{ name: m }]');

async function told(error: DriftdError): Promise<{ result: unknown; told: boolean[] }> {
  const all: boolean[] = [];
  const reloader = createReloader({
    current: () => config,
    load: () => Promise.reject(error),
    swap: () => Promise.resolve(),
    tell: (successful) => all.push(successful),
    log: createLog('silent'),
  });
  return { result: await reloader.reload(), told: all };
}

describe('a reload that fails', () => {
  it('is told when the file is bad', async () => {
    expect(await told(new DriftdError('CONFIG_INVALID', 'no'))).toEqual({
      result: { reloaded: false, reason: 'invalid', detail: 'no' },
      told: [false],
    });
  });

  it('says nothing about the file when the process is starting or stopping', async () => {
    expect(await told(new DriftdError('RELOAD_REFUSED', 'later'))).toEqual({
      result: { reloaded: false, reason: 'unavailable', detail: 'later' },
      told: [],
    });
  });
});
