import type { Problem } from '../document/problems.ts';
import type { ConfigSource } from '../document/source.ts';
import { checkDelivery } from './delivery.ts';
import { checkMonitoring } from './monitoring.ts';
import { checkServices } from './services.ts';
import type { Tell, ValidateCron } from './tell.ts';
import type { ValidParts } from './valid-parts.ts';

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
  checkDelivery(parts, validateCron, tell);
  return problems;
}
