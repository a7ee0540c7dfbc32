import { z } from 'zod';

import { LOG_LEVELS } from '../../platform/log.ts';
import { count, hostPort, path, secret, secretFile } from './fields.ts';

export const postgres = z
  .strictObject({
    url: secret(
      'Connection string. Several servers, of which one writes, stand with commas between: `postgres://user:password@a:5432,b:5432/driftd`; after a fail-over driftd goes to the one that writes by itself.',
      '${DATABASE_URL}',
    ).optional(),
    url_file: secretFile('url').optional(),
    pool: count('Connections at most.', { min: 2, max: 200, example: 10 }).default(10),
  })
  .meta({
    description: 'The database: the only thing that is stored durably. Needs `url` or `url_file`.',
  });

export const http = z
  .strictObject({
    listen: hostPort(
      'Address and port of health, metrics and pages; port 0 takes a free one.',
      '127.0.0.1:8080',
    ).default('127.0.0.1:8080'),
    auth: z
      .enum(['token', 'none'])
      .optional()
      .meta({
        description:
          'Who may ask `/api`. `token`: only who has a token (`driftd token create` makes one); the default on an address that other machines reach, and the right one behind a proxy. `none`: everyone who reaches the address, also to change and delete. Without it, at a loopback address: whoever is on this machine. `/metrics`, `/livez`, `/readyz`, `/version` and `/docs` are always open.',
        examples: ['token'],
      }),
    admin_token_file: path(
      'File that holds a first token of your own, at least 32 characters, which may do everything; others are then made with it.',
      '/run/secrets/driftd_admin_token',
    ).optional(),
  })
  .prefault({})
  .meta({ description: 'What is served over HTTP.' });

export const log = z
  .strictObject({
    level: z
      .enum(LOG_LEVELS)
      .default('info')
      .meta({ description: 'Least important lines that are written.', examples: ['info'] }),
  })
  .prefault({})
  .meta({ description: 'JSON lines on standard output.' });
