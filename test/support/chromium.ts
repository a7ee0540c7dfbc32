import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/google-chrome', '/usr/bin/chromium-browser'];

/** A real browser. Throws a sentence when there is none, so that a test fails instead of passing unseen. */
export async function startChromium(): Promise<Browser> {
  const executablePath = PLACES.find((place) => existsSync(place));
  if (executablePath === undefined) {
    throw new Error(
      'Chromium is needed to look at pages: install it, on Debian with apt-get install chromium',
    );
  }
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}
