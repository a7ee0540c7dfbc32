/*
 * Pictures of a mail as its reader sees it, for docs/images: node scripts/mail-pictures.ts URL FOLDER
 * URL: a mail on the demo's mail page, e.g. http://127.0.0.1:4711/22. Needs Chromium (CHROMIUM names another path).
 * Tells of each width whether anything is wider than the screen; exit code 1 if so.
 */
import { join } from 'node:path';
import process from 'node:process';

import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

interface Reader {
  readonly file: string | null;
  readonly width: number;
  readonly colorScheme: 'light' | 'dark';
  readonly images: boolean;
}

/** `file` null: only looked at. */
const READERS: readonly Reader[] = [
  { file: 'mail.png', width: 700, colorScheme: 'light', images: true },
  { file: 'mail-dark.png', width: 700, colorScheme: 'dark', images: true },
  { file: 'mail-no-images.png', width: 700, colorScheme: 'light', images: false },
  { file: null, width: 390, colorScheme: 'light', images: true },
  { file: null, width: 320, colorScheme: 'dark', images: true },
];

/** @returns whether everything has room */
async function look(
  browser: Browser,
  html: string,
  reader: Reader,
  folder: string,
): Promise<boolean> {
  const { file, width, colorScheme, images } = reader;
  const page = await browser.newPage({ viewport: { width, height: 600 }, colorScheme });
  // The mail page shows pictures as data: addresses. One that leads nowhere is what a reader with images off sees.
  const seen = images ? html : html.replace(/src="data:[^"]*"/g, 'src="data:,"');
  await page.setContent(seen);
  const needed = await page.evaluate<number>('document.documentElement.scrollWidth');
  if (file !== null) await page.screenshot({ path: join(folder, file), fullPage: true });
  await page.close();
  const fits = needed <= width;
  const what = `${String(width)} px, ${colorScheme}${images ? '' : ', no images'}`;
  process.stdout.write(`${fits ? 'fits' : `TOO WIDE (${String(needed)} px)`}  ${what}\n`);
  return fits;
}

const [url, folder] = process.argv.slice(2);
if (url === undefined || folder === undefined) {
  process.stderr.write('node scripts/mail-pictures.ts URL FOLDER\n');
  process.exit(2);
}
const html = await (await fetch(url)).text();
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
try {
  const fits: boolean[] = [];
  for (const reader of READERS) fits.push(await look(browser, html, reader, folder));
  process.exitCode = fits.every(Boolean) ? 0 : 1;
} finally {
  await browser.close();
}
