import type { DigestView, Fact, FeatureView, Tone } from '../digest-view.ts';
import { viewOf } from '../digest-view.ts';
import { createHttpNotifier } from '../http/http-notifier.ts';
import type { HttpChannelOptions, HttpTarget } from '../http/http-notifier.ts';
import type { Notifier } from '../notifier.ts';
import { printable, shortened } from '../printable.ts';

/** A message may have 28 kB: so many features fit with room for long names. */
const MAX_FEATURES = 6;
const MAX_LISTED = 15;
const MAX_SENTENCES = 6;
const MAX_NAME = 120;
const MAX_TEXT = 240;
/** Colours of adaptive cards. */
const COLOR: Readonly<Record<Tone, string>> = {
  critical: 'attention',
  warning: 'warning',
  resolved: 'good',
};

type Element = Readonly<Record<string, unknown>>;

/**
 * Posts an adaptive card to a Microsoft Teams workflow ("When a Teams webhook request is received"). Text that comes from
 * outside stands in text runs: those know no Markdown, unlike text blocks and fact sets.
 */
export function createTeamsNotifier(
  targets: readonly HttpTarget[],
  options?: HttpChannelOptions,
): Notifier {
  return createHttpNotifier(
    'teams',
    targets,
    ({ message, target }) => ({
      url: target.url,
      body: {
        type: 'message',
        attachments: [
          {
            contentType: 'application/vnd.microsoft.card.adaptive',
            contentUrl: null,
            content: cardOf(viewOf(message)),
          },
        ],
      },
      secrets: [target.url],
    }),
    options,
  );
}

function cardOf(view: DigestView): Element {
  const features = view.features.slice(0, MAX_FEATURES);
  const leftOut = view.features.length - features.length + view.featuresLeftOut;
  const listed = view.stillFiring.slice(0, MAX_LISTED);
  const listedOut = view.stillFiring.length - listed.length + view.stillFiringLeftOut;
  const more = (count: number): Element[] =>
    count > 0 ? [paragraph([run(`... and ${String(count)} more`, { isSubtle: true })])] : [];
  return {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    msteams: { width: 'Full' },
    body: [
      paragraph([
        run(short(view.title), { weight: 'bolder', size: 'large', color: COLOR[view.tone] }),
      ]),
      ...view.facts.map(factLine),
      ...view.sentences.map((sentence) => paragraph([run(short(sentence))])),
      ...features.flatMap(featureLines),
      ...more(leftOut),
      ...(listed.length === 0
        ? []
        : [paragraph([run('Still drifting, told before', { weight: 'bolder' })], true)]),
      ...listed.map(({ name, brief }) =>
        paragraph([run(`${nameText(name)} `), run(short(brief), { isSubtle: true })]),
      ),
      ...more(listedOut),
    ],
    actions: view.links.map(({ label, url }) => ({ type: 'Action.OpenUrl', title: label, url })),
  };
}

function featureLines(feature: FeatureView): Element[] {
  return [
    paragraph(
      [
        run(`${nameText(feature.name)} `, { weight: 'bolder' }),
        run(feature.badge, { color: COLOR[feature.tone] }),
      ],
      true,
    ),
    paragraph([run(short(feature.status), { isSubtle: true })]),
    ...[...feature.bars, ...feature.facts].map(factLine),
    ...feature.explanation
      .slice(0, MAX_SENTENCES)
      .map((sentence) => paragraph([run(`• ${short(sentence)}`)])),
  ];
}

function factLine({ label, value }: Fact): Element {
  return paragraph([run(`${label}: `, { isSubtle: true }), run(short(value))]);
}

/** @param separated a line above */
function paragraph(inlines: readonly Element[], separated = false): Element {
  return {
    type: 'RichTextBlock',
    inlines,
    ...(separated ? { separator: true, spacing: 'medium' } : { spacing: 'small' }),
  };
}

function run(text: string, style: Element = {}): Element {
  return { type: 'TextRun', text, ...style };
}

function nameText(name: string): string {
  return shortened(printable(name), MAX_NAME);
}

function short(text: string): string {
  return shortened(printable(text), MAX_TEXT);
}
