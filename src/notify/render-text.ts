import { pictureLines } from './picture-text.ts';
import { printable } from './printable.ts';
import type { DigestView, FeatureView } from './digest-view.ts';

/** The plain-text part: the same facts as the HTML, readable in a terminal. */
export function renderText(view: DigestView): string {
  const lines = [view.title, '='.repeat(Math.min(72, view.title.length)), ''];
  for (const { label, value } of view.facts) lines.push(`${label}: ${value}`);
  if (view.sentences.length > 0) lines.push('', ...view.sentences);
  for (const feature of view.features) lines.push('', ...featureLines(feature));
  lines.push(...leftOut(view.featuresLeftOut));
  if (view.stillFiring.length > 0) {
    lines.push('', 'Still drifting, told before:');
    for (const { name, brief } of view.stillFiring) lines.push(`  - ${name}: ${brief}`);
    lines.push(...leftOut(view.stillFiringLeftOut));
  }
  if (view.links.length > 0)
    lines.push('', ...view.links.map(({ label, url }) => `${label}: ${url}`));
  lines.push('', '-- ', view.footer, 'Sent by driftd.');
  return `${lines.map(printable).join('\n')}\n`;
}

function featureLines(feature: FeatureView): string[] {
  const lines = [`[${feature.badge}] ${feature.name}`, `  ${feature.status}`];
  for (const { label, value } of [...feature.bars, ...feature.facts])
    lines.push(`  ${`${label}:`.padEnd(16)}${value}`);
  for (const sentence of feature.explanation) lines.push(`  * ${sentence}`);
  for (const { label, url } of feature.links) lines.push(`  ${label}: ${url}`);
  if (feature.picture !== null)
    lines.push(...pictureLines(feature.picture).map((line) => `  ${line}`));
  return lines;
}

function leftOut(count: number): string[] {
  return count === 0 ? [] : ['', `... and ${String(count)} more`];
}
