import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';
import { CHROMIUM_PLACES } from './tools.ts';

/** A real browser. Throws a sentence when there is none, so that a test fails instead of passing unseen. */
export async function startChromium(): Promise<Browser> {
  const executablePath = CHROMIUM_PLACES.find((place) => existsSync(place));
  if (executablePath === undefined) {
    throw new Error(
      'Chromium is needed to look at pages: install it, on Debian with apt-get install chromium',
    );
  }
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}
