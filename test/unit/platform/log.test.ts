import { expect, it } from 'vitest';
import { DriftdError } from '../../../src/platform/errors.ts';
import { createLog } from '../../../src/platform/log.ts';

function lineOf(err: unknown): { err: Record<string, unknown> } {
  let line = '';
  createLog('info', { write: (text) => (line += text) }).error({ err }, 'it went wrong');
  return JSON.parse(line) as { err: Record<string, unknown> };
}

it('tells what people can put right without a stack, with what caused it', () => {
  const cause = new Error('connect ECONNREFUSED');
  const { err } = lineOf(new DriftdError('CONFIG_INVALID', 'driftd.yaml:3: no', { cause }));
  expect(err).toEqual({
    type: 'DriftdError',
    code: 'CONFIG_INVALID',
    message: 'driftd.yaml:3: no: connect ECONNREFUSED',
  });
});

it('tells where a defect is', () => {
  const { err } = lineOf(new TypeError('x is not a function'));
  expect(err['message']).toBe('x is not a function');
  expect(err['stack']).toContain('log.test.ts');
});
