import { describe, expect, it } from 'vitest';
import { isPassing, isRefusal } from '../../../src/storage/postgres/commit-errors.ts';

const said = (code: string, message = 'the server says no'): Error =>
  Object.assign(new Error(message), { code, severity: 'ERROR' });
const lost = (code: string): Error => Object.assign(new Error('lost'), { code });

describe('an error of the database', () => {
  it.each([
    ['40001', 'serialization failure'],
    ['40P01', 'deadlock'],
    ['55P03', 'lock not available'],
    ['57014', 'statement timeout'],
    ['53100', 'disk full'],
    ['53300', 'too many connections'],
    ['25006', 'a server that is read-only, as after a fail-over'],
    ['25P03', 'idle in the transaction for too long'],
  ])('%s (%s) passes; at COMMIT it says that nothing was written', (code) => {
    expect(isPassing(said(code))).toBe(true);
    expect(isRefusal(said(code))).toBe(true);
  });

  it.each([
    ['57P01', 'terminated by an administrator'],
    ['57P02', 'another process crashed'],
    ['57P03', 'starting up'],
    ['08006', 'connection failure'],
  ])('%s (%s) passes; at COMMIT it says nothing about the outcome', (code) => {
    expect(isPassing(said(code))).toBe(true);
    expect(isRefusal(said(code))).toBe(false);
  });

  it.each(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN'])(
    'of the connection (%s) passes; at COMMIT it says nothing about the outcome',
    (code) => {
      expect(isPassing(lost(code))).toBe(true);
      expect(isRefusal(lost(code))).toBe(false);
    },
  );

  it.each(['Connection terminated unexpectedly', 'Query read timeout'])(
    'without a code (%s) is one of the connection',
    (message) => {
      expect(isPassing(new Error(message))).toBe(true);
      expect(isRefusal(new Error(message))).toBe(false);
    },
  );

  it('of a day without a partition passes: the partition is made', () => {
    expect(isPassing(said('23514', 'no partition of relation "tile" found for row'))).toBe(true);
  });

  it.each(['42601', '23505', '23514', '22003', '42P01'])(
    '%s is a defect: the same transaction is not tried again',
    (code) => {
      expect(isPassing(said(code))).toBe(false);
      expect(isRefusal(said(code))).toBe(true);
    },
  );
});
