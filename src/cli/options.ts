import { InvalidArgumentError, Option } from 'commander';

import { MAX_UNIT, UNIT_PATTERN } from '../core/domain/feature.ts';
import { suggestion } from '../config/document/nearest.ts';
import { ROLES } from '../config/roles.ts';
import type { Role } from '../config/roles.ts';

export const OUTPUT_FORMATS = ['text', 'json'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export function configOption(): Option {
  return new Option('-c, --config <file>', 'configuration file')
    .env('DRIFTD_CONFIG')
    .default('config/driftd.yaml');
}

export function formatOption(): Option {
  return new Option('--format <format>', 'output for people or for machines')
    .choices(OUTPUT_FORMATS)
    .default('text');
}

export function rolesOption(): Option {
  return new Option('--roles <roles>', 'what this process does, separated by commas')
    .argParser(parseRoles)
    .default(new Set(ROLES), ROLES.join(','));
}

/** @throws InvalidArgumentError naming the role that is none */
export function parseRoles(text: string): ReadonlySet<Role> {
  const roles = new Set<Role>();
  for (const written of text.split(',').map((part) => part.trim())) {
    const role = ROLES.find((known) => known === written);
    if (role === undefined) {
      throw new InvalidArgumentError(
        written === ''
          ? `Roles: ${ROLES.join(', ')}.`
          : `"${written}" is no role, ${suggestion(written, ROLES, 'roles')}`,
      );
    }
    roles.add(role);
  }
  return roles;
}

/** `column=value`, as often as there are columns. */
export function byFeature<T>(
  flags: string,
  description: string,
  read: (text: string) => T,
): Option {
  return new Option(flags, description).argParser(
    (text, before: Readonly<Record<string, T>> | undefined) => {
      const at = text.indexOf('=');
      if (at < 1) throw new InvalidArgumentError('Write the column, =, and what it has.');
      return { ...before, [text.slice(0, at)]: read(text.slice(at + 1)) };
    },
  );
}

export function unitOption(): Option {
  return byFeature(
    '--unit <column=text>',
    'what its numbers are, like temp=°F; again for another column',
    (text) => {
      if (text.length <= MAX_UNIT && UNIT_PATTERN.test(text)) return text;
      throw new InvalidArgumentError(`A unit has 1 to ${MAX_UNIT} characters that can be seen.`);
    },
  );
}
