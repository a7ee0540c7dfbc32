import type { ErrorCode } from '../../platform/errors.ts';
import type { Path, Problem } from '../document/problems.ts';
import type { ConfigSource } from '../document/source.ts';
import { checkDelivery } from './delivery.ts';
import { checkMonitoring } from './monitoring.ts';
import { checkServices } from './services.ts';
import type { ValidParts } from './valid-parts.ts';

/** null when the cron expression is good, else what is wrong with it. */
export type ValidateCron = (expression: string) => string | null;

/** Tells one problem at a path of the file. */
export type Tell = (path: Path, message: string, code?: ErrorCode) => void;

/** What the spec of a single value cannot say: references, unique names, limits that depend on other keys. */
export function runChecks(
  parts: ValidParts,
  source: ConfigSource,
  validateCron: ValidateCron,
): Problem[] {
  const problems: Problem[] = [];
  const tell: Tell = (path, message, code = 'CONFIG_INVALID') => {
    problems.push({ code, place: source.placeOf(path), path, message });
  };
  checkServices(parts, tell);
  checkMonitoring(parts, validateCron, tell);
  checkDelivery(parts, tell);
  return problems;
}

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
