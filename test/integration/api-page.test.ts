import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';

import { startChromium } from '../support/chromium.ts';
import { serve } from '../support/served.ts';
import type { Served } from '../support/served.ts';
import { freshDatabase } from '../support/servers.ts';

let browser: Browser;
let served: Served;
beforeAll(async () => {
  browser = await startChromium();
  served = await serve(await freshDatabase(), 'http: { listen: "127.0.0.1:0" }');
});
afterAll(async () => {
  await browser.close();
  await served.stop();
});

describe('the page of the API', () => {
  it('loads everything from here, breaks no policy, and tries a request out', async () => {
    const page = await browser.newPage({ viewport: { width: 1200, height: 1600 } });
    const foreign: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => {
      const { protocol, origin } = new URL(request.url());
      if (origin !== served.url && protocol !== 'data:') foreign.push(request.url());
    });
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    const answer = await page.goto(`${served.url}/docs`, { waitUntil: 'networkidle' });
    expect(answer?.headers()['content-security-policy']).toContain("script-src 'self';");
    await page.getByRole('heading', { name: /^driftd/ }).waitFor();
    const operation = page.locator('#operations-models-listModels');
    await operation.locator('.opblock-summary-control').click();
    await operation.getByRole('button', { name: 'Try it out' }).click();
    await operation.getByRole('button', { name: 'Execute' }).click();
    const shown = operation.locator('.live-responses-table');
    await shown.waitFor();
    expect(await shown.textContent()).toContain('"items": []');
    const picture = process.env['DRIFTD_PAGE_PICTURE'];
    if (picture !== undefined) await page.screenshot({ path: picture });
    expect({ foreign, complaints }).toEqual({ foreign: [], complaints: [] });
    await page.close();
  });
});
