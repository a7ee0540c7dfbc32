import { z } from 'zod';

import { mailAddress, secret, secretFile, text } from './fields.ts';

/**
 * The ways a receiver can be told. Addresses that are secrets themselves (Slack, Teams) come from a file or from the
 * environment, like every secret.
 */

const sendResolved = z
  .boolean()
  .default(true)
  .meta({ description: 'Tell when an alert is over, too.', examples: [true] });

function allowPrivate(fallback: boolean) {
  return z
    .boolean()
    .default(fallback)
    .meta({
      description:
        'Permit plain http and addresses of private networks, loopback among them; otherwise only https to the public internet.',
      examples: [true],
    });
}

export const email = z
  .strictObject({
    to: z
      .array(mailAddress('One bare address.', 'oncall@example.com'))
      .min(1)
      .meta({
        description: 'Recipients; each gets a message of its own.',
        examples: [['oncall@example.com']],
      }),
    send_resolved: sendResolved,
  })
  .meta({ description: 'Tell by e-mail; needs `smtp`.' });

export const webhook = z
  .strictObject({
    url: secret(
      'Where to post; rather use `url_file` when it holds a key.',
      'https://example.com/hook',
    ).optional(),
    url_file: secretFile('url').optional(),
    secret: secret(
      'Signs every request; rather use `secret_file`.',
      '${WEBHOOK_SECRET}',
    ).optional(),
    secret_file: secretFile('secret').optional(),
    allow_private: allowPrivate(false),
    send_resolved: sendResolved,
  })
  .meta({
    description:
      "Post Alertmanager's webhook body, signed (`Driftd-Signature`) and with an `Idempotency-Key`.",
  });

export const slack = z
  .strictObject({
    url: secret('Incoming webhook; rather use `url_file`.', '${SLACK_WEBHOOK}').optional(),
    url_file: secretFile('url').optional(),
    allow_private: allowPrivate(false),
    send_resolved: sendResolved,
  })
  .meta({ description: 'Tell a Slack channel by an incoming webhook.' });

export const teams = z
  .strictObject({
    url: secret('Workflow URL; rather use `url_file`.', '${TEAMS_WEBHOOK}').optional(),
    url_file: secretFile('url').optional(),
    allow_private: allowPrivate(false),
    send_resolved: sendResolved,
  })
  .meta({
    description:
      'Tell a Microsoft Teams channel by a workflow that starts "when a Teams webhook request is received".',
  });

export const alertmanager = z
  .strictObject({
    urls: z
      .array(
        text(
          'Base address, without /api; it is shown, so no key belongs into it.',
          'http://alertmanager:9093',
        ),
      )
      .min(1)
      .meta({
        description: 'Every Alertmanager of the cluster: each is told, they deduplicate.',
        examples: [['http://alertmanager:9093']],
      }),
    allow_private: allowPrivate(true),
  })
  .meta({ description: 'Push alerts to Alertmanager (API v2), ends included.' });

export const pagerduty = z
  .strictObject({
    routing_key: secret('Integration key; rather use `routing_key_file`.', '${PD_KEY}').optional(),
    routing_key_file: secretFile('routing_key').optional(),
    url: secret('Events API v2.', 'https://events.eu.pagerduty.com/v2/enqueue').default(
      'https://events.pagerduty.com/v2/enqueue',
    ),
    allow_private: allowPrivate(false),
  })
  .meta({ description: 'Open one PagerDuty incident a model and monitor; resolved by itself.' });
