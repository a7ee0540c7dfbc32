import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { ConfigError } from '../../../src/config/document/problems.ts';
import { loadConfig } from '../../../src/config/load.ts';

const FOLDER = fileURLToPath(new URL('testdata', import.meta.url));
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml.txt'));

function validateCron(expression: string): string | null {
  return expression.startsWith('61') ? '61 is no minute' : null;
}

async function mistakesOf(file: string): Promise<ConfigError> {
  const loaded = await loadConfig(`${FOLDER}/${file}`, { env: {}, validateCron }).catch(
    (thrown: unknown) => thrown,
  );
  if (!(loaded instanceof ConfigError))
    throw new Error(`${file} was not refused: ${String(loaded)}`);
  return loaded;
}

/** One file a rule; its first lines say what is expected, counted from the line after them. */
describe('every rule of the configuration refuses its file with place and way out', () => {
  it.each(files)('%s', async (file) => {
    const text = readFileSync(`${FOLDER}/${file}`, 'utf8');
    const expected = [...text.matchAll(/^# expect: (.*)$/gm)].map((match) => match[1] ?? '');
    expect(expected.length).toBeGreaterThan(0);

    const error = await mistakesOf(file);

    const told = error.message.split('\n');
    const wanted = expected.map((line) => {
      const [, number, rest] = /^(\d+)(:.*)$/.exec(line) ?? [];
      return `${FOLDER}/${file}:${Number(number) + expected.length}${rest?.replace('{folder}', FOLDER) ?? ''}`;
    });
    // What the YAML parser says in its own words is compared only as far as it is ours.
    if (told[0]?.includes('this is no YAML: ')) {
      expect(told[0].slice(0, wanted[0]?.length)).toBe(wanted[0]);
    } else {
      expect(told).toEqual(wanted);
    }
    expect(error.exitCode).toBe(3);
  });
});
