import { describe, expect, it } from 'vitest';
import { assertMailAddress, isMailAddress } from '../../../../src/notify/email/address.ts';

describe('a mail address', () => {
  it.each(['a@b.co', 'on-call+drift@ml.example.com', "o'neil@example.com", 'x@localhost'])(
    'is %s',
    (text) => {
      expect(isMailAddress(text)).toBe(true);
    },
  );

  it.each([
    '',
    'a',
    '@b.co',
    'a@',
    'a@b@c.de',
    'A <a@b.co>',
    'a@b.co, c@d.de',
    'a@b.co;c@d.de',
    'group: a@b.co;',
    'a(comment)@b.co',
    '"a b"@b.co',
    'a..b@c.de',
    '.a@b.co',
    'a@b..co',
    'a@-b.co',
    'a@b.co\r\nBcc: c@d.de',
    'ä@b.co',
    'a@bücher.de',
    `${'a'.repeat(65)}@b.co`,
    `a@${'b.'.repeat(130)}co`,
    'a@[127.0.0.1]',
  ])('is not %j', (text) => {
    expect(isMailAddress(text)).toBe(false);
    expect(() => {
      assertMailAddress(text, 'smtp.from');
    }).toThrow(/^smtp\.from: ".*" is not a bare mail address/);
  });
});
