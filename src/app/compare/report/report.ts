import type { FeatureResult, Subject } from '../../../core/evaluate/types.ts';
import { html, SafeHtml } from '../../../notify/email/html.ts';
import { featureLabel } from '../comparison-json.ts';
import type { Comparison } from '../compare-files.ts';
import { featureSection } from './feature-section.ts';
import { decimal, interval, percent, probability, statisticOf, verdictClass } from './numbers.ts';
import { STYLE } from './style.ts';

/** Drifted first, then what is near it, then the rest in the order of the columns. */
const ORDER = ['drifted', 'warning', 'not-comparable', 'no-baseline', 'no-data', 'suspected'];

interface Judged {
  readonly id: string;
  readonly result: FeatureResult;
  readonly subject: Subject;
}

/** A page of its own: no script, nothing from elsewhere; whatever the files hold is shown as text. */
export function comparisonHtml(comparison: Comparison): string {
  const { baseline, current, evaluation, subjects } = comparison;
  const judged = evaluation.results
    .flatMap((result, i): Judged[] => {
      const subject = subjects[i];
      return subject === undefined ? [] : [{ id: `f${i}`, result, subject }];
    })
    .sort((a, b) => rank(a.result) - rank(b.result));
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'"
        />
        <title>${headline(evaluation.results)}: ${current.name}</title>
        <style>
          ${new SafeHtml(STYLE)}
        </style>
      </head>
      <body>
        <h1>${headline(evaluation.results)}</h1>
        <p class="files soft">
          ${current.name} (${current.rows} rows) against ${baseline.name} (${baseline.rows} rows)
        </p>
        ${
          comparison.notices.length === 0
            ? null
            : html`<ul class="notices">
                ${comparison.notices.map((notice) => html`<li>${notice}</li>`)}
              </ul>`
        }
        ${overview(judged)} ${how(comparison)}
        ${judged.map(({ id, result, subject }) => featureSection(id, result, subject))}
      </body>
    </html> `;
  return page.toString();
}

function rank({ verdict }: FeatureResult): number {
  const at = ORDER.indexOf(verdict);
  return at < 0 ? ORDER.length : at;
}

function headline(results: readonly FeatureResult[]): string {
  const count = (verdict: string): number =>
    results.filter((result) => result.verdict === verdict).length;
  const [drifted, warned] = [count('drifted'), count('warning')];
  const features = (n: number): string => `${n} ${n === 1 ? 'feature' : 'features'}`;
  if (drifted > 0) return `${features(drifted)} of ${results.length} drifted`;
  if (warned > 0) return `${features(warned)} of ${results.length} with a warning`;
  return 'No drift';
}

function overview(judged: readonly Judged[]): SafeHtml {
  const head = ['Feature', 'Verdict', 'n', 'PSI', 'KS D', 'within', 'p', 'Missing', 'Unseen'];
  return html`<div class="wide">
    <table>
      <tr>
        ${head.map((title) => html`<th scope="col">${title}</th>`)}
      </tr>
      ${judged.map(({ id, result }) => overviewRow(id, result))}
    </table>
  </div>`;
}

function overviewRow(id: string, result: FeatureResult): SafeHtml {
  const ks = statisticOf(result, 'ks');
  const chi2 = statisticOf(result, 'chi2');
  const label = featureLabel(result);
  return html`<tr>
    <td title="${label}"><a href="#${id}">${label}</a></td>
    <td class="verdict ${verdictClass(result.verdict)}">${result.verdict}</td>
    <td>${result.n}</td>
    <td>${decimal(statisticOf(result, 'psi')?.value ?? null)}</td>
    <td>${decimal(ks?.value ?? null)}</td>
    <td>${interval(ks)}</td>
    <td>${probability((ks ?? chi2)?.logP ?? null)}</td>
    <td>${percent(result.missing.live)}</td>
    <td>${percent(result.unseenShare)}</td>
  </tr> `;
}

/** What the verdicts rest on, so that a reader can disagree. */
function how({ policy, evaluation }: Comparison): SafeHtml {
  const { delta, shareDelta, alpha, designEffect } = policy;
  return html`<p class="soft">
    A feature drifts when the difference is real (false discovery level ${decimal(evaluation.q)}
    over ${evaluation.tests} tests) and beyond what is tolerated (KS and PSI from ${delta.critical}
    critical, from ${delta.warning} a warning; shares from ${shareDelta.critical} and
    ${shareDelta.warning}; level ${alpha}). Design effect: ${designEffect}. "within" is the interval
    that certainly holds the exact KS distance of the rows.
  </p>`;
}
