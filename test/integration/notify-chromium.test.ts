import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { startMailbox } from '../../scripts/servers/mailbox.ts';
import type { Mailbox } from '../../scripts/servers/mailbox.ts';
import type { Message } from '../../src/core/alerting/message.ts';
import { createEmailNotifier } from '../../src/notify/email/email-notifier.ts';
import { renderPng } from '../../src/notify/email/render-png.ts';
import { startChromium } from '../support/chromium.ts';
import { digest, digestFeature, WINDOW_END } from '../support/digests.ts';
import { flightsDigest } from '../support/flights-digest.ts';
import { silentLog } from '../support/outbox.ts';

let browser: Browser;
let mailbox: Mailbox;
beforeAll(async () => {
  browser = await startChromium();
  mailbox = await startMailbox();
});
afterAll(async () => {
  await browser.close();
  await mailbox.stop();
});

/** The HTML part as the mail server got it, pictures put in. */
async function htmlOf(message: Message): Promise<string> {
  const { host, port } = mailbox;
  const smtp = { host, port, auth: null, from: 'driftd@example.com', tls: 'none' } as const;
  const outcome = await createEmailNotifier(smtp, silentLog, { renderPng }).send({
    dedupKey: 'k',
    recipient: 'oncall@example.com',
    reason: 'first',
    createdAt: WINDOW_END,
    message,
  });
  expect(outcome).toEqual({ outcome: 'sent' });
  return String((await mailbox.messages.at(-1)?.parse())?.html);
}

const july = (): Message => {
  const message = flightsDigest(WINDOW_END);
  if (message === null) throw new Error('July fires');
  return message;
};
const hostile = (): Message => {
  const evil = '"><img src=x onerror=alert(1)><script>alert(2)</script></style>';
  const long = `${evil}${'W'.repeat(300)}`;
  const feature = digestFeature({
    feature: long,
    segment: long,
    explanation: [long],
    picture: { kind: 'categorical', bars: [{ label: long, baseline: 0.5, live: 0.5 }] },
  });
  const stillFiring = [{ ...feature, notice: null }];
  return digest({ model: long, monitor: long, features: [feature], stillFiring });
};

describe.each([
  ['July of the flights', july],
  ['hostile names of 300 letters without a space', hostile],
])('a mail in a browser: %s', (_name, message) => {
  it.each([320, 390, 700])('has room on %d px, runs nothing and loads nothing', async (width) => {
    const page = await browser.newPage({ viewport: { width, height: 600 } });
    const events: string[] = [];
    page.on('dialog', (dialog) => {
      events.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      if (!request.url().startsWith('data:')) events.push(request.url());
    });
    try {
      await page.setContent(await htmlOf(message()));
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
        width,
      );
      expect(await page.evaluate('[...document.images].every((i) => i.naturalWidth > 0)')).toBe(
        true,
      );
      expect(events).toEqual([]);
    } finally {
      await page.close();
    }
  });
});

describe('July of the flights', () => {
  /** Relative luminance of an rgb() colour (WCAG 2). */
  const CONTRAST = `(() => {
    const light = (rgb) => {
      const [r, g, b] = rgb.match(/[\\d.]+/g).map((v) => v / 255)
        .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = light(getComputedStyle(document.querySelector('.card')).backgroundColor);
    return [...document.querySelectorAll('h1, h2, p, li, td.text, td.soft, span')]
      .filter((node) => node.textContent.trim() !== '')
      .map((node) => {
        const ink = light(getComputedStyle(node).color);
        return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
      });
  })()`;

  it.each(['light', 'dark'] as const)(
    'can be read in %s: every text has its contrast',
    async (colorScheme) => {
      const page = await browser.newPage({ colorScheme });
      await page.setContent(await htmlOf(july()));
      const contrasts = await page.evaluate<number[]>(CONTRAST);
      await page.close();
      expect(contrasts.length).toBeGreaterThan(10);
      expect(Math.min(...contrasts)).toBeGreaterThanOrEqual(4.5);
    },
  );

  it('says what its pictures show where images are off', async () => {
    const page = await browser.newPage();
    await page.setContent((await htmlOf(july())).replace(/src="data:[^"]*"/g, 'src="data:,"'));
    const alternatives = await page.evaluate<string[]>('[...document.images].map((i) => i.alt)');
    await page.close();
    expect(alternatives.length).toBeGreaterThan(1);
    for (const alternative of alternatives) expect(alternative).toMatch(/baseline|difference/);
  });
});
