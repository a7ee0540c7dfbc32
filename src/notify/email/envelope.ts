import { createHash } from 'node:crypto';
import { isSystemMessage, monitorOf, monitorsIn } from '../../core/alerting/message.ts';
import type { Message } from '../../core/alerting/message.ts';
import { domainOf } from './address.ts';

/**
 * Headers that let mail programs thread, filter and recognise duplicates. Message-ID comes from the dedup key: every
 * attempt carries the same one. The messages of an incident refer to one root that is never sent, which makes a thread:
 * opening, escalation and recovery stand together. A message about several incidents refers to all of them, oldest first.
 */
export interface ThreadHeaders {
  readonly messageId: string;
  readonly references: string;
  readonly inReplyTo: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** So many incidents a message may refer to: headers have a length that servers accept. */
const MAX_REFERENCES = 10;

/** @param from the sender; its domain names the ids */
export function threadOf(message: Message, dedupKey: string, from: string): ThreadHeaders {
  const domain = domainOf(from);
  const roots = incidentsOf(message).map((incident) => `<incident.${incident}@${domain}>`);
  const list = listOf(message);
  return {
    messageId: `<driftd.${/^[0-9a-zA-Z]+$/.test(dedupKey) ? dedupKey : hash(dedupKey)}@${domain}>`,
    references: roots.join(' '),
    inReplyTo: roots[0] ?? '',
    headers: {
      'List-Id': `<${list}.${domain}>`,
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'X-Driftd-Dedup-Key': dedupKey,
    },
  };
}

function incidentsOf(message: Message): string[] {
  if (isSystemMessage(message)) {
    return [hash(JSON.stringify([message.problem, message.about, message.since]))];
  }
  const { model } = message;
  return [...message.features, ...message.stillFiring]
    .toSorted((a, b) => (a.since ?? Infinity) - (b.since ?? Infinity))
    .slice(0, MAX_REFERENCES)
    .map((entry) => {
      const { feature, segment, incident } = entry;
      return hash(JSON.stringify([model, monitorOf(message, entry), feature, segment, incident]));
    });
}

/** `monitor.model.driftd`; a message of several monitors is of the model's list. */
function listOf(message: Message): string {
  if (isSystemMessage(message)) return 'driftd';
  const [monitor, ...others] = monitorsIn(message);
  const list = `${label(message.model)}.driftd`;
  return monitor === undefined || others.length > 0 ? list : `${label(monitor)}.${list}`;
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
