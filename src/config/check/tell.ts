import type { ErrorCode } from '../../platform/errors.ts';
import type { Path } from '../document/problems.ts';

/** null when the cron expression is good, else what is wrong with it. */
export type ValidateCron = (expression: string) => string | null;

/** Tells one problem at a path of the file. */
export type Tell = (path: Path, message: string, code?: ErrorCode) => void;

/** Tells every name of a list that was there before. */
export function checkUnique(
  list: string,
  names: readonly { index: number; name: string }[],
  tell: Tell,
): void {
  const first = new Map<string, number>();
  for (const { index, name } of names) {
    const before = first.get(name);
    if (before === undefined) first.set(name, index);
    else
      tell(
        [list, index, 'name'],
        `"${name}" is taken by ${list}[${before}], give it a name of its own`,
      );
  }
}
