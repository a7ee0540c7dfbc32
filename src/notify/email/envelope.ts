import { createHash } from 'node:crypto';
import type { DigestMessage } from '../../core/alerting/message.ts';
import { domainOf } from './address.ts';

/**
 * Headers that let mail programs thread, filter and recognise duplicates. Message-ID comes from the dedup key: every
 * attempt carries the same one. All messages of a monitor refer to one root that is never sent, which makes a thread.
 */
export interface ThreadHeaders {
  readonly messageId: string;
  readonly references: string;
  readonly inReplyTo: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** @param from the sender; its domain names the ids */
export function threadOf(
  { model, monitor }: Pick<DigestMessage, 'model' | 'monitor'>,
  dedupKey: string,
  from: string,
): ThreadHeaders {
  const domain = domainOf(from);
  const root = `<monitor.${hash(`${model}\u0000${monitor}`)}@${domain}>`;
  return {
    messageId: `<driftd.${/^[0-9a-zA-Z]+$/.test(dedupKey) ? dedupKey : hash(dedupKey)}@${domain}>`,
    references: root,
    inReplyTo: root,
    headers: {
      'List-Id': `<${label(monitor)}.${label(model)}.driftd.${domain}>`,
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'X-Driftd-Dedup-Key': dedupKey,
    },
  };
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** A name as one label of a List-Id (RFC 2919): letters, digits and hyphens. */
function label(name: string): string {
  const text = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
    .replace(/^-+|-+$/g, '');
  return text === '' ? hash(name).slice(0, 12) : text;
}
