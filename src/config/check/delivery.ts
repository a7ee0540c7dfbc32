import { suggestion } from '../document/nearest.ts';
import type { Path } from '../document/problems.ts';
import { checkUnique } from './tell.ts';
import type { Tell } from './tell.ts';
import { between } from './services.ts';
import type { ValidParts } from './valid-parts.ts';

export function checkDelivery(parts: ValidParts, tell: Tell): void {
  checkUnique(
    'receivers',
    parts.receivers.map(({ index, value }) => ({ index, name: value.name })),
    tell,
  );
  for (const { index, value } of parts.receivers) {
    if (value.email === undefined) {
      tell(
        ['receivers', index],
        `receiver "${value.name}" has no channel, add one like email: { to: ["oncall@example.com"] }`,
      );
    } else if (!parts.has(['smtp'])) {
      tell(
        ['receivers', index, 'email'],
        'e-mail needs a mail server, add a section smtp with host and from',
      );
    }
  }
  for (const { index, value } of parts.routes) checkRoute(['routes', index], value, parts, tell);
  checkSmtp(parts, tell);
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
