import { readFileSync } from 'node:fs';
import { expect } from 'vitest';

/** A number of a golden file: infinities and NaN are strings there. */
export type GoldenNumber = number | string;

export function golden<Case>(name: string): Case[] {
  const url = new URL(`../../../golden/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(url, 'utf8')) as { cases: Case[] }).cases;
}

/** Relative agreement; values below the smallest normal double are compared absolutely. */
export function expectClose(got: number, want: GoldenNumber, relative = 1e-10): void {
  const value = Number(want);
  if (!Number.isFinite(value)) return expect(got).toBe(value);
  expect(Math.abs(got - value), `got ${got}, want ${value}`).toBeLessThanOrEqual(
    Math.max(relative * Math.abs(value), 1e-300),
  );
}
