import { z } from 'zod';

import { matchers } from './delivery.ts';
import { count, duration, name, secret, secretFile, text } from './fields.ts';

export const notify = z
  .strictObject({
    max_per_minute: count(
      'Messages that a channel of one process sends within any minute; the others wait.',
      {
        min: 1,
        max: 6_000,
        example: 20,
      },
    ).default(20),
    problem_receivers: z
      .array(name('Name of a receiver.', 'ml-oncall'))
      .default([])
      .meta({
        description:
          'Who is told of problems of driftd itself: a channel that fails, a source that stands still. Empty: every receiver.',
        examples: [['ml-oncall']],
      }),
    links: z
      .array(
        z
          .strictObject({
            label: text('What it says.', 'Dashboard'),
            url: text(
              'Where it leads; `{model}` and `{monitor}` stand for the names. With `{feature}` or `{segment}` in it the link is at every feature.',
              'https://grafana.example.com/d/driftd-model?var-model={model}',
            ),
          })
          .meta({ description: 'One link.' }),
      )
      .max(8)
      .default([])
      .meta({
        description: 'Links under every message, or at every feature: a dashboard, a runbook.',
      }),
    test_schedule: text(
      'When every receiver gets a test message, in UTC; `off`: never.',
      '0 9 * * 1',
    ).default('0 9 * * 1'),
  })
  .prefault({})
  .meta({ description: 'How messages are delivered, and who watches that they are.' });

export const heartbeat = z
  .strictObject({
    url: secret(
      'Asked for by GET; rather use `url_file` when it holds a key.',
      '${HEARTBEAT_URL}',
    ).optional(),
    url_file: secretFile('url').optional(),
    interval: duration('How often.', '60s').default('60s'),
    allow_private: z
      .boolean()
      .default(false)
      .meta({
        description: 'Permit plain http and addresses of private networks.',
        examples: [true],
      }),
  })
  .meta({
    description:
      "A dead man's switch outside: asked for as long as events are counted, evaluations are done and messages go out. When it falls silent, so has driftd.",
  });

export const maintenance = z
  .strictObject({
    reason: text('Told with what it mutes.', 'weekly load test'),
    match: matchers,
    from: text('Begin of a single window, RFC 3339.', '2026-05-01T20:00:00Z').optional(),
    to: text('Its end.', '2026-05-02T04:00:00Z').optional(),
    schedule: text(
      'Begins of a window that comes again: a cron expression.',
      '0 22 * * 6',
    ).optional(),
    duration: duration('How long each of them lasts.', '6h').optional(),
    time_zone: text('IANA time zone of the schedule.', 'Europe/Berlin').default('UTC'),
  })
  .meta({
    description:
      'A time in which matching alerts are not told: `from` and `to`, or `schedule` and `duration`.',
  });
