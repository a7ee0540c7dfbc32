import { z } from 'zod';

import { FEATURE_TIERS } from '../../core/domain/feature.ts';
import { SEVERITIES } from '../../core/domain/verdict.ts';
import { SMTP_TLS_MODES } from '../types.ts';
import { alertmanager, email, pagerduty, slack, teams, webhook } from './channels.ts';
import { duration, mailAddress, name, port, secret, secretFile, text } from './fields.ts';

export const receiver = z
  .strictObject({
    name: name('Name that routes use.', 'ml-oncall'),
    email: email.optional(),
    webhook: webhook.optional(),
    slack: slack.optional(),
    teams: teams.optional(),
    alertmanager: alertmanager.optional(),
    pagerduty: pagerduty.optional(),
  })
  .meta({ description: 'Who is told, and how; any of the channels.' });

/** What alerts a route, a silence or a maintenance window is about. */
export const matchers = z
  .strictObject({
    model: name('Name of a model.', 'flights-late').optional(),
    owner: name('`owner` of the model.', 'team-flights').optional(),
    feature: name('Name of a feature.', 'temp').optional(),
    segment: text('Segment, `all` for all events.', 'origin=JFK').optional(),
    tier: z
      .enum(FEATURE_TIERS)
      .optional()
      .meta({ description: 'Tier of the feature.', examples: ['critical'] }),
    severity: z
      .enum(SEVERITIES)
      .optional()
      .meta({ description: 'Severity of the alert.', examples: ['critical'] }),
  })
  .prefault({})
  .meta({ description: 'All that is given must agree; nothing given matches every alert.' });

export const route = z
  .strictObject({
    receiver: name('Receiver of the alerts that match.', 'ml-oncall'),
    match: matchers,
    continue: z
      .boolean()
      .default(false)
      .meta({ description: 'Try the routes below as well.', examples: [true] }),
    group_wait: duration(
      'Wait this long for more of the same group before the first message.',
      '30s',
    ).default('30s'),
    group_interval: duration(
      'Tell of alerts that joined the group at most this often.',
      '5m',
    ).default('5m'),
    repeat_interval: duration('Tell again of what still fires after this long.', '7d').default(
      '7d',
    ),
  })
  .meta({
    description:
      'Which alerts go where; the first route that matches takes the alert, unless it says `continue`.',
  });

export const smtp = z
  .strictObject({
    host: text('Mail server.', 'smtp.example.com'),
    port: port('Port of the mail server.', 587).default(587),
    username: text(
      'User name; leave it out for a server that needs no login.',
      'driftd',
    ).optional(),
    password: secret('Password; rather use `password_file`.', '${SMTP_PASSWORD}').optional(),
    password_file: secretFile('password').optional(),
    from: mailAddress('Sender.', 'driftd@example.com'),
    tls: z
      .enum(SMTP_TLS_MODES)
      .default('starttls')
      .meta({
        description:
          '`starttls`: demanded, never skipped; `implicit`: TLS from the first byte; `none`: plain text.',
        examples: ['starttls'],
      }),
  })
  .meta({ description: 'The server that takes the mail.' });
