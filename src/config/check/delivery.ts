import { CHANNELS } from '../delivery-types.ts';
import { suggestion } from '../document/nearest.ts';
import type { Path } from '../document/problems.ts';
import { checkUnique } from './tell.ts';
import type { Tell, ValidateCron } from './tell.ts';
import { between } from './services.ts';
import type { ValidParts } from './valid-parts.ts';

export function checkDelivery(parts: ValidParts, validateCron: ValidateCron, tell: Tell): void {
  checkUnique(
    'receivers',
    parts.receivers.map(({ index, value }) => ({ index, name: value.name })),
    tell,
  );
  for (const { index, value } of parts.receivers) {
    if (!CHANNELS.some((channel) => value[channel] !== undefined)) {
      tell(
        ['receivers', index],
        `receiver "${value.name}" has no channel, add one like email: { to: ["oncall@example.com"] }`,
      );
    } else if (value.email !== undefined && !parts.has(['smtp'])) {
      tell(
        ['receivers', index, 'email'],
        'e-mail needs a mail server, add a section smtp with host and from',
      );
    }
  }
  for (const { index, value } of parts.routes) checkRoute(['routes', index], value, parts, tell);
  checkSmtp(parts, tell);
  checkNotify(parts, validateCron, tell);
  for (const { index, value } of parts.maintenance)
    checkMaintenance(['maintenance', index], value, validateCron, tell);
}

function checkRoute(
  path: Path,
  route: ValidParts['routes'][number]['value'],
  parts: ValidParts,
  tell: Tell,
): void {
  if (!parts.receiverNames.includes(route.receiver)) {
    const hint = suggestion(route.receiver, parts.receiverNames, 'receivers');
    tell([...path, 'receiver'], `there is no receiver "${route.receiver}", ${hint}`);
  }
  const model = route.match.model;
  if (model !== undefined && !parts.modelNames.includes(model)) {
    tell(
      [...path, 'match', 'model'],
      `there is no model "${model}", ${suggestion(model, parts.modelNames, 'models')}`,
    );
  }
  between([...path, 'group_wait'], route.group_wait, '0s', '1h', tell);
  between([...path, 'group_interval'], route.group_interval, '1s', '7d', tell);
  between([...path, 'repeat_interval'], route.repeat_interval, '1m', '400d', tell);
}

function checkSmtp({ smtp }: ValidParts, tell: Tell): void {
  if (smtp === null) return;
  const password = smtp.password !== undefined || smtp.password_file !== undefined;
  if (smtp.username !== undefined && !password) {
    tell(['smtp', 'username'], 'a user name needs a password, add password_file');
  }
  if (smtp.username === undefined && password) {
    tell(['smtp'], 'a password needs a user name, add username');
  }
}

function checkNotify(parts: ValidParts, validateCron: ValidateCron, tell: Tell): void {
  const { notify, heartbeat } = parts;
  if (heartbeat !== null) between(['heartbeat', 'interval'], heartbeat.interval, '1s', '1d', tell);
  if (notify === null) return;
  notify.problem_receivers.forEach((name, i) => {
    if (parts.receiverNames.includes(name)) return;
    const hint = suggestion(name, parts.receiverNames, 'receivers');
    tell(['notify', 'problem_receivers', i], `there is no receiver "${name}", ${hint}`);
  });
  notify.links.forEach(({ url }, i) => {
    if (/^https?:\/\//.test(url) && URL.canParse(url)) return;
    tell(
      ['notify', 'links', i, 'url'],
      'this is no address, write it like https://example.com/{model}',
    );
  });
  const wrong = notify.test_schedule === 'off' ? null : validateCron(notify.test_schedule);
  if (wrong !== null) tell(['notify', 'test_schedule'], wrong);
}

function checkMaintenance(
  path: Path,
  window: ValidParts['maintenance'][number]['value'],
  validateCron: ValidateCron,
  tell: Tell,
): void {
  const { from, to, schedule, duration } = window;
  if (
    (schedule === undefined) !== (duration === undefined) ||
    (schedule === undefined) === (from === undefined && to === undefined)
  ) {
    tell(path, 'a window is either from and to, or schedule and duration; give one of the two');
    return;
  }
  if (schedule !== undefined) {
    const wrong = validateCron(schedule);
    if (wrong !== null) tell([...path, 'schedule'], wrong);
    between([...path, 'duration'], duration ?? '', '1m', '31d', tell);
    return;
  }
  const [begin, end] = [Date.parse(from ?? ''), Date.parse(to ?? '')];
  for (const [key, at] of [
    ['from', begin],
    ['to', end],
  ] as const) {
    if (Number.isNaN(at))
      tell([...path, key], 'this is no time, write it like 2026-05-01T20:00:00Z');
  }
  if (end <= begin) tell([...path, 'to'], 'the window ends before it begins');
}
