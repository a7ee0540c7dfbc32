import { html, SafeHtml } from './html.ts';
import type { InlineSvg } from './images.ts';
import { pictureBlock } from './render-picture.ts';
import type { Bar, DigestView, Fact, FeatureView, Tone } from '../digest-view.ts';

/** Colours of text and bars per tone, on the light page. The dark page overrides them by class. */
const COLOR: Readonly<Record<Tone, string>> = {
  critical: '#b3261e',
  warning: '#8a5300',
  resolved: '#1b6e3c',
};

/** Only what cannot be inline: dark mode and phones. Mail programs that drop it show the light page, still complete. */
const STYLE = new SafeHtml(`
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (max-width: 480px) { .pad { padding: 16px !important; } .title { font-size: 19px !important; } }
@media (prefers-color-scheme: dark) {
  .page { background: #121417 !important; }
  .card { background: #1c1f24 !important; border-right-color: #343a43 !important; border-bottom-color: #343a43 !important; border-left-color: #343a43 !important; }
  .text { color: #e6e8eb !important; }
  .soft { color: #a3abb6 !important; }
  .line { border-color: #343a43 !important; }
  .track { background: #343a43 !important; }
  .link { color: #8ab8ff !important; }
  .critical { color: #ff8a80 !important; } .bar-critical { background: #ff8a80 !important; }
  .warning { color: #ffc266 !important; } .bar-warning { background: #ffc266 !important; }
  .resolved { color: #7fd6a0 !important; } .bar-resolved { background: #7fd6a0 !important; }
}`);

const FONT = `font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif`;

/**
 * The HTML part: tables and inline styles, no script, nothing loaded from anywhere.
 * @param images those that the message carries, a list a feature; without any, pictures are made of table cells
 */
export function renderHtml(view: DigestView, images: readonly (readonly InlineSvg[])[]): string {
  const color = COLOR[view.tone];
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="supported-color-schemes" content="light dark" />
        <title>${view.title}</title>
        <style>
          ${STYLE}
        </style>
      </head>
      <body class="page" style="margin:0;padding:0;background:#f2f4f7">
        <table
          role="presentation"
          class="page"
          width="100%"
          cellpadding="0"
          cellspacing="0"
          border="0"
          style="background:#f2f4f7"
        >
          <tr>
            <td align="center" style="padding:16px 8px">
              <table
                role="presentation"
                class="card"
                width="100%"
                cellpadding="0"
                cellspacing="0"
                border="0"
                style="max-width:640px;background:#ffffff;border:1px solid #d9dee5;border-top:4px solid ${color};border-radius:6px"
              >
                <tr>
                  <td class="pad" style="padding:24px;${FONT}">
                    <h1
                      class="title text"
                      style="margin:0 0 12px;font-size:22px;line-height:1.3;color:#1b1f24;overflow-wrap:anywhere"
                    >
                      ${view.title}
                    </h1>
                    ${factTable(view.facts)} ${sentences(view.sentences)}
                    ${view.features.map((feature, i) => featureBlock(feature, images[i] ?? []))}
                    ${leftOut(view.featuresLeftOut)} ${stillFiring(view)} ${links(view)}
                    <p
                      class="soft line"
                      style="margin:24px 0 0;padding:12px 0 0;border-top:1px solid #d9dee5;font-size:12px;line-height:1.5;color:#5b6470"
                    >
                      ${view.footer}<br />Sent by driftd.
                    </p>
                  </td>
                </tr>
              </table>
            </td>
          </tr>
        </table>
      </body>
    </html> `.toString();
}

function featureBlock(feature: FeatureView, images: readonly InlineSvg[]): SafeHtml {
  return html`<table
    role="presentation"
    class="line"
    width="100%"
    cellpadding="0"
    cellspacing="0"
    border="0"
    style="margin:20px 0 0;border-top:1px solid #d9dee5"
  >
    <tr>
      <td style="padding:16px 0 0">
        <h2
          class="text"
          style="margin:0;font-size:17px;line-height:1.4;color:#1b1f24;overflow-wrap:anywhere"
        >
          ${feature.name}
          <span
            class="${feature.tone}"
            style="font-size:12px;letter-spacing:.04em;text-transform:uppercase;white-space:nowrap;color:${COLOR[feature.tone]}"
            >${feature.badge}</span
          >
        </h2>
        <p class="soft" style="margin:2px 0 8px;font-size:14px;line-height:1.5;color:#5b6470">
          ${feature.status}
        </p>
        ${feature.bars.map((bar) => barTable(bar, feature.tone))} ${factTable(feature.facts)}
        ${explanation(feature.explanation)} ${links(feature)}
        ${pictureBlock(feature.picture, images)}
      </td>
    </tr>
  </table> `;
}

/** A label with its number, and a bar below that is as wide as the number is big. */
function barTable(bar: Bar, tone: Tone): SafeHtml {
  const percent = Math.round(bar.length * 100);
  const filled = html`<td
    class="bar-${tone}"
    width="${percent}%"
    style="width:${percent}%;height:6px;line-height:6px;font-size:1px;background:${COLOR[tone]}"
  >
    &nbsp;
  </td>`;
  const rest = html`<td
    class="track"
    style="height:6px;line-height:6px;font-size:1px;background:#e4e8ee"
  >
    &nbsp;
  </td>`;
  return html`<table
    role="presentation"
    width="100%"
    cellpadding="0"
    cellspacing="0"
    border="0"
    style="margin:0 0 8px"
  >
    <tr>
      <td class="text" style="padding:0 0 3px;font-size:14px;line-height:1.5;color:#1b1f24">
        <strong>${bar.label}</strong> ${bar.value}
      </td>
    </tr>
    <tr>
      <td>
        <table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">
          <tr>
            ${percent > 0 ? filled : null}${percent < 100 ? rest : null}
          </tr>
        </table>
      </td>
    </tr>
  </table> `;
}

function factTable(facts: readonly Fact[]): SafeHtml | null {
  if (facts.length === 0) return null;
  return html`<table
    role="presentation"
    cellpadding="0"
    cellspacing="0"
    border="0"
    style="font-size:14px;line-height:1.6"
  >
    ${facts.map(
      ({ label, value }) =>
        html`<tr>
          <td class="soft" valign="top" style="padding:0 16px 0 0;white-space:nowrap;color:#5b6470">
            ${label}
          </td>
          <td class="text" valign="top" style="color:#1b1f24;overflow-wrap:anywhere">${value}</td>
        </tr>`,
    )}
  </table> `;
}

function sentences(list: readonly string[]): SafeHtml[] {
  return list.map(
    (sentence) =>
      html`<p
        class="text"
        style="margin:12px 0 0;font-size:14px;line-height:1.5;color:#1b1f24;overflow-wrap:anywhere"
      >
        ${sentence}
      </p> `,
  );
}

function explanation(sentences: readonly string[]): SafeHtml | null {
  if (sentences.length === 0) return null;
  return html`<ul
    class="text"
    style="margin:8px 0 0;padding:0 0 0 20px;font-size:14px;line-height:1.5;color:#1b1f24"
  >
    ${sentences.map((sentence) => html`<li style="overflow-wrap:anywhere">${sentence}</li>`)}
  </ul> `;
}

function stillFiring(view: DigestView): SafeHtml | null {
  if (view.stillFiring.length === 0) return null;
  return html`<table
    role="presentation"
    class="line"
    width="100%"
    cellpadding="0"
    cellspacing="0"
    border="0"
    style="margin:20px 0 0;border-top:1px solid #d9dee5"
  >
    <tr>
      <td style="padding:16px 0 0">
        <h2 class="text" style="margin:0 0 4px;font-size:15px;line-height:1.4;color:#1b1f24">
          Still drifting, told before
        </h2>
        ${view.stillFiring.map(
          ({ name, brief }) =>
            html`<p style="margin:0;font-size:14px;line-height:1.6;overflow-wrap:anywhere">
              <span class="text" style="color:#1b1f24">${name}</span>
              <span class="soft" style="color:#5b6470">${brief}</span>
            </p>`,
        )}
        ${leftOut(view.stillFiringLeftOut)}
      </td>
    </tr>
  </table> `;
}

function links({ links: list }: Pick<DigestView, 'links'>): SafeHtml | null {
  if (list.length === 0) return null;
  return html`<p style="margin:20px 0 0;font-size:14px;line-height:1.8">
    ${list.map(
      ({ label, url }) =>
        html`<a class="link" href="${url}" style="margin:0 16px 0 0;color:#1a56b0">${label}</a> `,
    )}
  </p> `;
}

function leftOut(count: number): SafeHtml | null {
  if (count === 0) return null;
  return html`<p class="soft" style="margin:12px 0 0;font-size:14px;color:#5b6470">
    ... and ${count} more
  </p> `;
}
