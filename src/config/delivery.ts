import type { ReceiverSecrets } from './check/receiver-secrets.ts';
import type {
  ChannelsConfig,
  HeartbeatConfig,
  MaintenanceConfig,
  MatchConfig,
  NotifyConfig,
  ReceiverConfig,
  RouteConfig,
  TargetConfig,
} from './delivery-types.ts';
import { parseDuration } from './duration.ts';
import type { ConfigDocument } from './spec/spec.ts';

type Receiver = ConfigDocument['receivers'][number];

export interface DeliveryConfig {
  readonly receivers: readonly ReceiverConfig[];
  readonly channels: ChannelsConfig;
  readonly routes: readonly RouteConfig[];
  readonly notify: NotifyConfig;
  readonly heartbeat: HeartbeatConfig | null;
  readonly maintenance: readonly MaintenanceConfig[];
}

/** Receivers, channels and routes of a document that passed every check. */
export function resolveDelivery(
  document: ConfigDocument,
  secrets: ReceiverSecrets,
): DeliveryConfig {
  const { notify, heartbeat } = document;
  return {
    receivers: document.receivers.map((receiver) => ({
      name: receiver.name,
      targets: targetsOf(receiver),
    })),
    channels: channelsOf(document, secrets),
    routes: document.routes.map((route) => ({
      receiver: route.receiver,
      continue: route.continue,
      match: matchOf(route.match),
      groupWaitMs: ms(route.group_wait),
      groupIntervalMs: ms(route.group_interval),
      repeatIntervalMs: ms(route.repeat_interval),
    })),
    notify: {
      maxPerMinute: notify.max_per_minute,
      problemReceivers: notify.problem_receivers,
      testSchedule: notify.test_schedule === 'off' ? null : notify.test_schedule,
      links: notify.links,
    },
    heartbeat:
      heartbeat === undefined
        ? null
        : {
            url: secrets.heartbeatUrl ?? '',
            intervalMs: ms(heartbeat.interval),
            allowPrivate: heartbeat.allow_private,
          },
    maintenance: document.maintenance.map(maintenanceOf),
  };
}

function targetsOf(receiver: Receiver): TargetConfig[] {
  const targets: TargetConfig[] = (receiver.email?.to ?? []).map((recipient) => ({
    channel: 'email',
    recipient,
    sendResolved: receiver.email?.send_resolved ?? true,
  }));
  for (const channel of ['webhook', 'slack', 'teams'] as const) {
    const settings = receiver[channel];
    if (settings !== undefined)
      targets.push({ channel, recipient: receiver.name, sendResolved: settings.send_resolved });
  }
  // These two close what they opened: without the end it would stay open for ever.
  for (const recipient of receiver.alertmanager?.urls ?? [])
    targets.push({ channel: 'alertmanager', recipient, sendResolved: true });
  if (receiver.pagerduty !== undefined)
    targets.push({ channel: 'pagerduty', recipient: receiver.name, sendResolved: true });
  return targets;
}

function channelsOf(document: ConfigDocument, secrets: ReceiverSecrets): ChannelsConfig {
  const { receivers } = document;
  const hooks = (channel: 'webhook' | 'slack' | 'teams') =>
    receivers.flatMap((receiver, i) => {
      const settings = receiver[channel];
      if (settings === undefined) return [];
      const url = secrets.of(i, channel, 'url') ?? '';
      return [{ recipient: receiver.name, url, allowPrivate: settings.allow_private, index: i }];
    });
  const alertmanagers = receivers.flatMap(({ alertmanager }) =>
    (alertmanager?.urls ?? []).map((url) => ({
      recipient: url,
      url,
      allowPrivate: alertmanager?.allow_private ?? true,
      repeatIntervalMs: longestRepeat(document, url),
    })),
  );
  const bare = ({ recipient, url, allowPrivate }: ReturnType<typeof hooks>[number]) => ({
    recipient,
    url,
    allowPrivate,
  });
  return {
    webhook: hooks('webhook').map((hook) => ({
      ...bare(hook),
      secret: secrets.of(hook.index, 'webhook', 'secret'),
    })),
    slack: hooks('slack').map(bare),
    teams: hooks('teams').map(bare),
    alertmanager: alertmanagers,
    pagerduty: receivers.flatMap(({ name, pagerduty }, i) =>
      pagerduty === undefined
        ? []
        : [
            {
              recipient: name,
              url: pagerduty.url,
              allowPrivate: pagerduty.allow_private,
              routingKey: secrets.of(i, 'pagerduty', 'routing_key') ?? '',
            },
          ],
    ),
  };
}

/** Of the routes that lead to this Alertmanager, through whichever receiver; 0 without any. */
function longestRepeat({ receivers, routes }: ConfigDocument, url: string): number {
  const names = new Set(
    receivers
      .filter(({ alertmanager }) => alertmanager?.urls.includes(url) ?? false)
      .map(({ name }) => name),
  );
  const leading = routes.filter(({ receiver }) => names.has(receiver));
  return Math.max(0, ...leading.map((route) => ms(route.repeat_interval)));
}

function matchOf(match: ConfigDocument['routes'][number]['match']): MatchConfig {
  const { model, owner, feature, segment, tier, severity } = match;
  return {
    model: model ?? null,
    owner: owner ?? null,
    feature: feature ?? null,
    segment: segment ?? null,
    tier: tier ?? null,
    severity: severity ?? null,
  };
}

function maintenanceOf(window: ConfigDocument['maintenance'][number]): MaintenanceConfig {
  const { reason, match, schedule, duration, from, to } = window;
  return {
    reason,
    match: matchOf(match),
    when:
      schedule === undefined
        ? { from: Date.parse(from ?? ''), to: Date.parse(to ?? '') }
        : {
            schedule: schedule.trim(),
            timeZone: window.time_zone,
            durationMs: ms(duration ?? '0s'),
          },
  };
}

function ms(duration: string): number {
  return parseDuration(duration) ?? 0;
}
