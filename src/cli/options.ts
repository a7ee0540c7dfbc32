import { InvalidArgumentError, Option } from 'commander';

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
