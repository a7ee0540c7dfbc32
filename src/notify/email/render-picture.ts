import { withUnit } from '../../core/domain/feature.ts';
import { tickLabel } from '../../core/drawing/axis.ts';
import type {
  CategoryPicture,
  FeaturePicture,
  NumericPicture,
} from '../../core/drawing/picture.ts';
import { formatShare } from '../format.ts';
import { html } from './html.ts';
import type { SafeHtml } from './html.ts';
import type { InlineSvg } from './images.ts';

const HEIGHT = 64;
const BASELINE = '#8492a6';
const LIVE = '#e8590c';

/** @param images those that the message carries of this feature; without any the picture is made of table cells */
export function pictureBlock(
  picture: FeaturePicture | null,
  images: readonly InlineSvg[],
): SafeHtml | null {
  if (picture === null) return null;
  if (images.length > 0) return imageBlock(images);
  return picture.kind === 'numeric' ? columns(picture) : rows(picture);
}

/** Side by side where there is room, one below the other on a phone. */
function imageBlock(images: readonly InlineSvg[]): SafeHtml {
  return html`<div style="margin:10px 0 0;font-size:12px;line-height:1.4">
    ${images.map(
      ({ cid, alt, width }) =>
        html`<img
          src="cid:${cid}"
          alt="${alt}"
          width="${Math.round(width * 0.95)}"
          class="soft"
          style="display:inline-block;vertical-align:top;width:100%;max-width:${Math.round(
            width * 0.95,
          )}px;height:auto;border:0;color:#5b6470"
        />`,
    )}
  </div> `;
}

/** Pairs of columns: baseline grey, live orange. */
function columns({ edges, baseline, live, unit }: NumericPicture): SafeHtml {
  const peak = Math.max(1e-9, ...baseline, ...live);
  const column = (share: number, color: string): SafeHtml => {
    const height = share === 0 ? 0 : Math.max(1, Math.round((share / peak) * HEIGHT));
    return html`<td valign="bottom" style="padding:0;font-size:0;line-height:0">
      <div style="height:${height}px;background:${color}"></div>
    </td>`;
  };
  const last = edges.length - 1;
  const labels = [edges[0] ?? 0, edges[Math.round(last / 2)] ?? 0, edges[last] ?? 0];
  return html`<table
      role="presentation"
      class="line"
      width="100%"
      cellpadding="0"
      cellspacing="0"
      border="0"
      style="margin:10px 0 0;table-layout:fixed;max-width:440px;height:${HEIGHT}px;border-bottom:1px solid #8492a6"
    >
      <tr>
        ${live.map((share, i) => html`${column(baseline[i] ?? 0, BASELINE)}${column(share, LIVE)}`)}
      </tr>
    </table>
    <table
      role="presentation"
      width="100%"
      cellpadding="0"
      cellspacing="0"
      border="0"
      style="max-width:440px;font-size:12px;line-height:1.6"
    >
      <tr>
        ${labels.map(
          (value, i) =>
            html`<td
              class="soft"
              align="${['left', 'center', 'right'][i] ?? 'left'}"
              style="color:#5b6470"
            >
              ${withUnit(tickLabel(Number(value.toPrecision(4))), unit)}
            </td>`,
        )}
      </tr>
    </table>
    ${legend()}`;
}

/** A row a category. */
function rows({ bars }: CategoryPicture): SafeHtml {
  const peak = Math.max(1e-9, ...bars.flatMap(({ baseline, live }) => [baseline, live]));
  const bar = (share: number, color: string): SafeHtml =>
    html`<div
      style="width:${Math.round((share / peak) * 100)}%;height:6px;margin:1px 0;font-size:0;line-height:0;background:${color}"
    ></div>`;
  return html`<table
      role="presentation"
      width="100%"
      cellpadding="0"
      cellspacing="0"
      border="0"
      style="margin:10px 0 0;max-width:440px;font-size:12px;line-height:1.3"
    >
      ${bars.map(
        ({ label, baseline, live }) =>
          html`<tr>
            <td
              class="text"
              width="30%"
              align="right"
              style="padding:2px 8px 2px 0;color:#1b1f24;overflow-wrap:anywhere"
            >
              ${[...label].slice(0, 40).join('')}
            </td>
            <td width="46%">${bar(baseline, BASELINE)}${bar(live, LIVE)}</td>
            <td class="soft" style="padding:0 0 0 8px;white-space:nowrap;color:#5b6470">
              ${formatShare(live)}
            </td>
          </tr>`,
      )}
    </table>
    ${legend()}`;
}

function legend(): SafeHtml {
  const square = (color: string): SafeHtml =>
    html`<span style="display:inline-block;width:10px;height:10px;background:${color}"></span>`;
  return html`<p class="soft" style="margin:2px 0 0;font-size:12px;line-height:1.5;color:#5b6470">
    ${square(BASELINE)} baseline &nbsp; ${square(LIVE)} live
  </p> `;
}
