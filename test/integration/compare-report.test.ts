import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChromium } from '../support/chromium.ts';
import { runCli } from '../support/run-cli.ts';

const HOSTILE = '<img src=x onerror=alert(1)>\u202Egnp.exe';
/** As text: it runs in the page, where the names are. */
const OVERFLOW = 'document.documentElement.scrollWidth - window.innerWidth';
let folder: string;
let browser: Browser;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'driftd-report-'));
  browser = await startChromium();
});

afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Rows of two numbers and a category; the current ones have moved to the right and bring a new category. */
function rows(name: string, shift: number, categories: readonly string[]): string {
  const file = path.join(folder, name);
  const lines = Array.from({ length: 2_000 }, (_, i) => {
    const u = (i * 0.618_033_988_749_895) % 1;
    return `${(u * 10 + shift).toFixed(4)},${((i * 7919) % 1000) / 1000},${categories[i % categories.length]}`;
  });
  writeFileSync(file, `moved,still,"${HOSTILE}"\n${lines.join('\n')}\n`);
  return file;
}

const compare = (...argv: string[]): ReturnType<typeof runCli> => runCli('compare', ...argv);

describe('driftd compare --format html', () => {
  it('is a page of its own that tells what moved, on a desk and on a phone', async () => {
    const report = path.join(folder, 'report.html');
    const { code } = await compare(
      rows('before.csv', 0, ['a', 'b']),
      rows('now.csv', 5, ['a', 'b', '<script>alert(2)</script>']),
      '--unit',
      'moved=km',
      '--format',
      'html',
      '--output',
      report,
    );
    expect(code).toBe(4);
    const source = readFileSync(report, 'utf8');
    expect(source).toMatch(/Median [\d.]+ km -&gt; [\d.]+ km/);
    expect(source).toMatch(/<td>50 %<\/td>\s*<td>[\d.]+ km<\/td>/);
    expect(source).not.toMatch(/<(script|img|link|iframe)/i);
    expect(source).not.toMatch(/\b(src|href)="(?!#)/);
    for (const width of [1_000, 360]) {
      const page = await browser.newPage({ viewport: { width, height: 900 } });
      const asked: string[] = [];
      const faults: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      page.on('console', (message) => faults.push(message.text()));
      page.on('dialog', (dialog) => faults.push(dialog.message()));
      await page.goto(pathToFileURL(report).href);
      expect(asked).toEqual([pathToFileURL(report).href]);
      expect(faults).toEqual([]);
      expect(await page.evaluate<number>(OVERFLOW)).toBeLessThanOrEqual(0);
      expect(await page.textContent('h1')).toBe('2 features of 3 drifted');
      const section = page.locator('section', { hasText: 'moved' }).first();
      expect(await section.textContent()).toMatch(/more (mass )?above/i);
      // Bars and the cumulative curves with the gap.
      expect(await section.locator('svg').count()).toBe(2);
      expect(await section.textContent()).toMatch(/KS 0\.5/);
      expect(await page.textContent('body')).toContain('<img src=x onerror=alert(1)>');
      expect(await page.textContent('body')).toContain('<script>alert(2)</script>');
      expect(await page.textContent('body')).not.toContain('\u202E');
      await page.close();
    }
  });
});

describe('driftd compare --policy', () => {
  const before = (): string => rows('a.csv', 0, ['x', 'y']);
  const now = (): string => rows('b.csv', 5, ['x', 'y']);

  it('takes files and keys of a monitor, the later ones first', async () => {
    const file = path.join(folder, 'policy.yaml');
    writeFileSync(
      file,
      'delta: { warning: 0.9, critical: 0.95 }\nfeatures: { still: { off: [ks] } }\n',
    );
    expect((await compare(before(), now())).code).toBe(4);
    expect(
      (await compare(before(), now(), '--policy', 'features.moved.off=[ks, psi, spike]')).code,
    ).toBe(0);
    const both = [
      '--policy',
      file,
      '--policy',
      'delta.warning=0.01',
      '--policy',
      'delta.critical=0.02',
    ];
    expect((await compare(before(), now(), ...both)).code).toBe(4);
  });

  it('says what is wrong with it, and where', async () => {
    for (const [policy, told] of [
      ['detla.warning=1', /--policy detla\.warning=1: .*detla/s],
      ['delta.critical=0.01', /delta/],
      ['fixed.nonsense=1', /nonsense/],
      [path.join(folder, 'none.yaml'), /none\.yaml: there is no such file/],
    ] as const) {
      const { code, err } = await compare(before(), now(), '--policy', policy);
      expect(code, policy).toBe(3);
      expect(err, policy).toMatch(told);
    }
  });
});
