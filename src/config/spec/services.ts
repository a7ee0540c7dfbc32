import { z } from 'zod';

import { LOG_LEVELS } from '../../platform/log.ts';
import { count, hostPort, secretFile, text } from './fields.ts';

export const postgres = z
  .strictObject({
    url: text('Connection string.', '${DATABASE_URL}').optional(),
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
      .enum(['none'])
      .optional()
      .meta({
        description:
          'Must be said, as `none`, before driftd listens on an address that other machines reach: everything it serves is then open to them.',
        examples: ['none'],
      }),
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
