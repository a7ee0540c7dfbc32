import { suggestion } from '../document/nearest.ts';
import type { Path } from '../document/problems.ts';
import { checkPolicy } from './policy.ts';
import { checkUnique } from './tell.ts';
import type { Tell, ValidateCron } from './tell.ts';
import { between } from './services.ts';
import type { Entry, ValidParts } from './valid-parts.ts';

type Monitor = ValidParts['monitors'][number]['value'];

export function checkMonitoring(parts: ValidParts, validateCron: ValidateCron, tell: Tell): void {
  checkUnique('models', named(parts.models), tell);
  checkUnique('monitors', named(parts.monitors), tell);
  for (const { index, value } of parts.models) {
    between(['models', index, 'allowed_lateness'], value.allowed_lateness, '0s', '7d', tell);
    checkRepeats(['models', index, 'attributes'], value.attributes, tell);
    checkSegmentNames(['models', index, 'attributes'], value.attributes, tell);
    for (const [name, { kind, categories = [] }] of Object.entries(value.features)) {
      const path = ['models', index, 'features', name];
      checkRepeats([...path, 'categories'], categories, tell);
      if (categories.length > 0 && kind !== undefined && kind !== 'categorical')
        tell([...path, 'categories'], `a feature of the kind ${kind} has no categories of its own`);
    }
  }
  for (const { index, value } of parts.monitors) {
    const path: Path = ['monitors', index];
    if (!parts.modelNames.includes(value.model)) {
      const hint = suggestion(value.model, parts.modelNames, 'models');
      tell([...path, 'model'], `there is no model "${value.model}", ${hint}`);
    }
    checkRepeats([...path, 'windows'], value.windows, tell);
    checkSchedule(path, value, validateCron, tell);
    const model = parts.models.find((entry) => entry.value.name === value.model)?.value ?? null;
    checkPolicy([...path, 'policy'], value.policy, model, tell);
  }
}

function checkSchedule(path: Path, monitor: Monitor, validateCron: ValidateCron, tell: Tell): void {
  const fields = monitor.schedule.trim().split(/\s+/).length;
  const wrong =
    fields === 5
      ? validateCron(monitor.schedule)
      : `it has ${fields} field${fields === 1 ? '' : 's'} instead of 5`;
  if (wrong !== null) {
    tell(
      [...path, 'schedule'],
      `"${monitor.schedule}" is no cron expression (${wrong}), write it like "0 6 * * *"`,
    );
  }
  if (!isTimeZone(monitor.time_zone)) {
    tell(
      [...path, 'time_zone'],
      `"${monitor.time_zone}" is no IANA time zone, ${zoneHint(monitor.time_zone)}`,
    );
  }
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

function zoneHint(written: string): string {
  const zones = Intl.supportedValuesOf('timeZone');
  const city = zones.find(
    (zone) => zone.split('/').at(-1)?.toLowerCase() === written.toLowerCase(),
  );
  if (city !== undefined) return `did you mean "${city}"?`;
  const hint = suggestion(written, zones, 'zones');
  return hint.startsWith('did') ? hint : 'write it like "Europe/Berlin" or "UTC"';
}

function checkRepeats(path: Path, values: readonly string[], tell: Tell): void {
  values.forEach((value, i) => {
    if (values.indexOf(value) < i) tell([...path, i], `"${value}" is listed before, name it once`);
  });
}

/** A segment is written `attribute=value`: `a=b` with "c" would be the segment of `a` with "b=c". */
function checkSegmentNames(path: Path, attributes: readonly string[], tell: Tell): void {
  attributes.forEach((name, i) => {
    const shorter = attributes.find((other) => name.startsWith(`${other}=`));
    if (shorter !== undefined)
      tell(
        [...path, i],
        `segments of "${name}" could not be told from those of "${shorter}", name one of them otherwise`,
      );
  });
}

function named(entries: readonly Entry<{ name: string }>[]): { index: number; name: string }[] {
  return entries.map(({ index, value }) => ({ index, name: value.name }));
}
