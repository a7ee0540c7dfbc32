import { barsSvg } from '../../../core/drawing/bars.ts';
import { cdfSvg } from '../../../core/drawing/cdf.ts';
import { pictureOf } from '../../../core/drawing/picture.ts';
import { withUnit } from '../../../core/domain/feature.ts';
import { explain } from '../../../core/alerting/explain.ts';
import { explanationOf } from '../../../core/evaluate/explain.ts';
import type { Explanation } from '../../../core/evaluate/explain.ts';
import type { FeatureResult, Subject } from '../../../core/evaluate/types.ts';
import { html, SafeHtml } from '../../../notify/email/html.ts';
import { featureLabel } from '../comparison-json.ts';
import { decimal, interval, percent, probability, verdictClass } from './numbers.ts';

/** Everything about one feature: pictures, what moved, quantiles, categories, all statistics. */
export function featureSection(id: string, result: FeatureResult, subject: Subject): SafeHtml {
  const label = featureLabel(result);
  const explanation = explanationOf(subject);
  return html`<section id="${id}">
    <h2>${label} <span class="verdict ${verdictClass(result.verdict)}">${result.verdict}</span></h2>
    ${facts(result)} ${pictures(label, subject)} ${inWords(explain(subject, result))}
    ${explanation === null ? null : explained(explanation, subject.unit ?? null)}
    ${statistics(result)}
  </section> `;
}

function facts(result: FeatureResult): SafeHtml {
  const { kind, n, m, nEff, designEffect, missing, invalid, minimumDetectableEffect } = result;
  const effective =
    designEffect === 1
      ? ''
      : `, worth ${decimal(nEff)} independent ones (design effect ${decimal(designEffect)})`;
  return html`<dl>
    <dt>Kind</dt>
    <dd>${kind}</dd>
    <dt>Values</dt>
    <dd>${n}${effective}; ${m} in the baseline</dd>
    <dt>Missing</dt>
    <dd>${percent(missing.live)}; ${percent(missing.baseline)} in the baseline</dd>
    <dt>Invalid</dt>
    <dd>${percent(invalid.live)}; ${percent(invalid.baseline)} in the baseline</dd>
    <dt>Could prove</dt>
    <dd>a difference from ${decimal(minimumDetectableEffect)} on</dd>
  </dl>`;
}

function pictures(
  label: string,
  { baseline, live, comparable, mixture, unit = null }: Subject,
): SafeHtml | null {
  if (baseline === null || live === null || !comparable) return null;
  const picture = pictureOf(mixture?.histogram ?? baseline.histogram, live, unit);
  if (picture === null) return null;
  const bars = barsSvg(picture, `${label}: baseline against current`);
  const curves =
    picture.kind === 'numeric' ? cdfSvg(picture, `${label}: cumulative, with the KS distance`) : '';
  return html`<div class="pictures">${new SafeHtml(bars)}${new SafeHtml(curves)}</div>`;
}

/** The sentences of an alert: how values moved, what lies outside, where they pile up, what is missing. */
function inWords(sentences: readonly string[]): SafeHtml | null {
  if (sentences.length === 0) return null;
  return html`<ul>
    ${sentences.map((text) => html`<li>${text}</li>`)}
  </ul>`;
}

function explained(explanation: Explanation, unit: string | null): SafeHtml {
  const { moves, quantiles, newCategories, vanishedCategories } = explanation;
  return html`${table(
    'What moved most',
    ['Where', 'Baseline', 'Current', 'Share of the PSI'],
    moves.map((move) => [
      move.label,
      percent(move.baselineShare),
      percent(move.liveShare),
      percent(move.psiShare),
    ]),
  )}
  ${table(
    'Quantiles',
    ['Quantile', 'Baseline', 'Current'],
    quantiles.map(({ p, baseline, live }) => [
      percent(p),
      withUnit(decimal(baseline), unit),
      withUnit(decimal(live), unit),
    ]),
  )}
  ${table(
    'New categories',
    ['Category', 'Share, at least'],
    newCategories.map(({ category, share }) => [category, percent(share)]),
  )}
  ${table(
    'Vanished categories',
    ['Category', 'Share before'],
    vanishedCategories.map(({ category, share }) => [category, percent(share)]),
  )}`;
}

function statistics(result: FeatureResult): SafeHtml | null {
  return table(
    'Statistics',
    ['Statistic', 'Value', 'Interval', 'p of no change', 'Fires'],
    result.statistics.map((statistic) => [
      statistic.name,
      decimal(statistic.value),
      statistic.name === 'ks' ? interval(statistic) : '–',
      probability(statistic.logP),
      statistic.fires ?? '–',
    ]),
  );
}

function table(
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): SafeHtml | null {
  if (rows.length === 0) return null;
  return html`<h3>${title}</h3>
    <div class="wide">
      <table>
        <tr>
          ${head.map((text) => html`<th scope="col">${text}</th>`)}
        </tr>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((text) => html`<td>${text}</td>`)}
            </tr> `,
        )}
      </table>
    </div>`;
}
