/** One long test of `npm run soak`. */
export interface SoakPart {
  /** What it does, in one line. @param short a tenth of it */
  about(short: boolean): string;
  /** Runs on servers of its own, which it ends. @returns the promises that were broken, in words; none: all was kept */
  run(options: SoakOptions): Promise<string[]>;
}

export interface SoakOptions {
  readonly short: boolean;
  readonly seed: number;
  say(line: string): void;
}
