import type { DigestView, FeatureView, Tone } from '../digest-view.ts';
import { viewOf } from '../digest-view.ts';
import { createHttpNotifier } from '../http/http-notifier.ts';
import type { HttpChannelOptions, HttpTarget } from '../http/http-notifier.ts';
import type { Notifier } from '../notifier.ts';
import { printable, shortened } from '../printable.ts';
import { subjectOf } from '../subject.ts';

/** A message may have 50 blocks; a channel is no place for that many features anyway. */
const MAX_FEATURES = 10;
const MAX_LISTED = 20;
const MAX_NAME = 200;
const MAX_SENTENCE = 500;
const EMOJI: Readonly<Record<Tone, string>> = {
  critical: 'red_circle',
  warning: 'large_orange_circle',
  resolved: 'large_green_circle',
};

/**
 * Posts to a Slack incoming webhook. Everything that comes from outside stands in rich-text elements: Slack shows those
 * as they are, so that no name becomes a mention, a link, an emoji or markup.
 */
export function createSlackNotifier(
  targets: readonly HttpTarget[],
  options?: HttpChannelOptions,
): Notifier {
  return createHttpNotifier(
    'slack',
    targets,
    ({ message, target }) => ({
      url: target.url,
      body: {
        // What the notification on a phone shows; parsed by Slack, so its special characters are escaped.
        text: escaped(subjectOf(message)),
        mrkdwn: false,
        unfurl_links: false,
        unfurl_media: false,
        blocks: blocksOf(viewOf(message)),
      },
      secrets: [target.url],
    }),
    options,
  );
}

type Element = Readonly<Record<string, unknown>>;

function blocksOf(view: DigestView): Element[] {
  const features = view.features.slice(0, MAX_FEATURES);
  const leftOut = view.features.length - features.length + view.featuresLeftOut;
  const listed = view.stillFiring.slice(0, MAX_LISTED);
  const listedOut = view.stillFiring.length - listed.length + view.stillFiringLeftOut;
  const heading = [
    { type: 'emoji', name: EMOJI[view.tone] },
    plain(' '),
    bold(shortened(printable(view.title), MAX_SENTENCE)),
    ...view.facts.map(({ label, value }) => plain(`\n${label}: ${short(value)}`)),
    ...view.sentences.map((sentence) => plain(`\n${short(sentence)}`)),
  ];
  const blocks = [richText([section(heading)]), ...features.map(featureBlock)];
  if (leftOut > 0) blocks.push(richText([section([plain(`... and ${String(leftOut)} more`)])]));
  if (listed.length > 0) {
    const lines = listed.map(({ name, brief }) => plain(`\n${nameText(name)}: ${short(brief)}`));
    const more = listedOut > 0 ? [plain(`\n... and ${String(listedOut)} more`)] : [];
    blocks.push(richText([section([bold('Still drifting, told before'), ...lines, ...more])]));
  }
  const links = linkElements(view.links);
  if (links.length > 0) blocks.push(richText([section(links)]));
  return blocks;
}

function featureBlock(feature: FeatureView): Element {
  const lines = [...feature.bars, ...feature.facts].map(({ label, value }) =>
    plain(`\n${label}: ${short(value)}`),
  );
  const items = feature.explanation.map((sentence) => section([plain(short(sentence))]));
  return richText([
    section([
      bold(nameText(feature.name)),
      plain(` (${feature.badge})\n${short(feature.status)}`),
      ...lines,
    ]),
    ...(feature.links.length === 0 ? [] : [section(linkElements(feature.links))]),
    ...(items.length === 0 ? [] : [{ type: 'rich_text_list', style: 'bullet', elements: items }]),
  ]);
}

function linkElements(list: DigestView['links']): Element[] {
  return list.map(({ label, url }) => ({ type: 'link', url, text: `${label}  ` }));
}

function richText(elements: readonly Element[]): Element {
  return { type: 'rich_text', elements };
}

function section(elements: readonly Element[]): Element {
  return { type: 'rich_text_section', elements };
}

function plain(text: string): Element {
  return { type: 'text', text };
}

function bold(text: string): Element {
  return { type: 'text', text, style: { bold: true } };
}

function nameText(name: string): string {
  return shortened(printable(name), MAX_NAME);
}

function short(text: string): string {
  return shortened(printable(text), MAX_SENTENCE);
}

/** Slack's three special characters; without them nothing is a mention or a link. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
