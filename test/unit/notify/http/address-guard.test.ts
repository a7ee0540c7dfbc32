import type { lookup } from 'node:dns';
import { describe, expect, it } from 'vitest';
import { guardedLookup, isPublicAddress } from '../../../../src/notify/http/address-guard.ts';
import { createPoster } from '../../../../src/notify/http/post.ts';
import { startHttpSink } from '../../../support/http-sink.ts';

const DENIED = [
  '127.0.0.1',
  '127.8.8.8',
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  '64:ff9b::7f00:1',
  'fe80::1',
  'fc00::1',
  'fd12:3456::1',
  'ff02::1',
  '2002:7f00:1::',
  '2001:db8::1',
  '2001:0:53aa:64c::1',
  'fe80::1%eth0',
  'localhost',
  '',
];
const ALLOWED = ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700:4700::1111', '2a00:1450::1'];

describe('addresses that messages may go to', () => {
  it.each(DENIED)('%j is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
  it.each(ALLOWED)('%j is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it('denies a name with one private answer among public ones, and hands on what it tested', async () => {
    const answering = (...addresses: string[]): Promise<string> =>
      new Promise((resolve) => {
        const resolver = ((_host: string, _options: unknown, done: (...a: unknown[]) => void) => {
          done(
            null,
            addresses.map((address) => ({ address, family: 4 })),
          );
        }) as unknown as typeof lookup;
        guardedLookup(resolver)('example.com', { all: true }, (error, given) => {
          resolve(error === null ? JSON.stringify(given) : error.message);
        });
      });
    expect(await answering('8.8.8.8', '10.0.0.1')).toMatch(/not public/);
    expect(await answering()).toMatch(/not public/);
    expect(await answering('8.8.8.8')).toContain('8.8.8.8');
  });

  it('opens no connection to loopback, however it is spelled', async () => {
    const sink = await startHttpSink();
    const poster = createPoster(2_000);
    const hosts = [
      '127.0.0.1',
      '127.1',
      '0x7f.1',
      '2130706433',
      '0177.0.0.1',
      '①②⑦.0.0.1',
      '127。0。0。1',
      'localhost',
      'LOCALHOST.',
      'foo.localhost',
      '0.0.0.0',
      '0',
      '[::1]',
      '[::]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[0:0:0:0:0:0:0:1]',
      '[64:ff9b::127.0.0.1]',
    ];
    try {
      for (const host of hosts) {
        for (const scheme of ['http', 'https']) {
          const outcome = await poster.post({
            url: `${scheme}://${host}:${String(sink.port)}/`,
            allowPrivate: false,
            headers: {},
            body: '{}',
            secrets: [],
          });
          expect(outcome.outcome, `${scheme} ${host}`).not.toBe('sent');
        }
      }
      expect(sink.connections()).toBe(0);
    } finally {
      await sink.stop();
    }
  });
});
