import type { Path } from '../document/problems.ts';
import type { Tell } from './tell.ts';
import type { ValidParts } from './valid-parts.ts';

type HookChannel = 'webhook' | 'slack' | 'teams';

/** The secrets of receivers, by the receiver's index in the file. */
export interface ReceiverSecrets {
  of(receiver: number, channel: string, key: string): string | null;
  readonly heartbeatUrl: string | null;
}

/** Reads one value that is given in the file, or in a file that the file names. */
export type ReadEither = (
  section: Path,
  key: string,
  given: { value: string | undefined; file: string | undefined; required: boolean },
) => Promise<string | null>;

export async function readReceiverSecrets(
  parts: ValidParts,
  either: ReadEither,
  tell: Tell,
): Promise<ReceiverSecrets> {
  const found = new Map<string, string>();
  const keep = (index: number, channel: string, key: string, value: string | null): void => {
    if (value !== null) found.set(`${String(index)} ${channel} ${key}`, value);
  };
  for (const { index, value: receiver } of parts.receivers) {
    for (const channel of ['webhook', 'slack', 'teams'] satisfies HookChannel[]) {
      const hook = receiver[channel];
      if (hook === undefined) continue;
      const section = ['receivers', index, channel];
      const given = { value: hook.url, file: hook.url_file, required: true };
      const url = await either(section, 'url', given);
      checkUrl([...section, hook.url === undefined ? 'url_file' : 'url'], url, hook, tell);
      keep(index, channel, 'url', url);
    }
    const { webhook, pagerduty, alertmanager } = receiver;
    if (webhook !== undefined) {
      const given = { value: webhook.secret, file: webhook.secret_file, required: false };
      keep(
        index,
        'webhook',
        'secret',
        await either(['receivers', index, 'webhook'], 'secret', given),
      );
    }
    if (pagerduty !== undefined) {
      const section = ['receivers', index, 'pagerduty'];
      const given = {
        value: pagerduty.routing_key,
        file: pagerduty.routing_key_file,
        required: true,
      };
      keep(index, 'pagerduty', 'routing_key', await either(section, 'routing_key', given));
      checkUrl([...section, 'url'], pagerduty.url, pagerduty, tell);
    }
    for (const [i, url] of (alertmanager?.urls ?? []).entries())
      checkUrl(
        ['receivers', index, 'alertmanager', 'urls', i],
        url,
        alertmanager ?? { allow_private: true },
        tell,
      );
  }
  return {
    of: (receiver, channel, key) => found.get(`${String(receiver)} ${channel} ${key}`) ?? null,
    heartbeatUrl: await heartbeatUrl(parts, either, tell),
  };
}

async function heartbeatUrl(
  { heartbeat }: ValidParts,
  either: ReadEither,
  tell: Tell,
): Promise<string | null> {
  if (heartbeat === null) return null;
  const given = { value: heartbeat.url, file: heartbeat.url_file, required: true };
  const url = await either(['heartbeat'], 'url', given);
  checkUrl(['heartbeat', heartbeat.url === undefined ? 'url_file' : 'url'], url, heartbeat, tell);
  return url;
}

/** Never shows the URL: of Slack, Teams and heartbeats it is the secret itself. */
function checkUrl(
  path: Path,
  url: string | null,
  { allow_private: allowPrivate }: { allow_private: boolean },
  tell: Tell,
): void {
  if (url === null || url === '') return;
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    tell(path, 'this is no address, write it like https://example.com/hook');
  } else if (parsed.username !== '' || parsed.password !== '') {
    tell(path, 'an address must not hold a user name or password, take it out');
  } else if (parsed.protocol === 'http:' && !allowPrivate) {
    tell(
      path,
      'http is readable on the way, use https, or say allow_private: true for an address of your own network',
    );
  }
}
