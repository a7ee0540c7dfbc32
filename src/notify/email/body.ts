import type { Message } from '../../core/alerting/message.ts';
import { toError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import { imagesOf } from './images.ts';
import type { InlineSvg } from './images.ts';
import { renderHtml } from './render-html.ts';
import { renderText } from '../render-text.ts';
import { viewOf } from '../digest-view.ts';

/** Makes a PNG of an SVG, at `scale` pixels a unit. */
export type RenderPng = (svg: string, scale: number) => Uint8Array | Promise<Uint8Array>;

/** Pictures are shown at half their size: sharp on screens with fine pixels. */
const SCALE = 2;

/** The parts of a message: text and HTML that say the same, and the pictures that the HTML shows. */
export interface MailBody {
  readonly text: string;
  readonly html: string;
  readonly attachments: InlineImage[];
}

interface InlineImage {
  readonly filename: string;
  readonly cid: string;
  readonly content: Buffer;
  readonly contentType: 'image/png';
  readonly contentDisposition: 'inline';
}

export async function bodyOf(
  message: Message,
  renderPng: RenderPng | null,
  log: Log,
): Promise<MailBody> {
  const view = viewOf(message);
  const images =
    renderPng === null
      ? []
      : view.features.map(({ name, picture }, i) =>
          picture === null ? [] : imagesOf(name, picture, i),
        );
  const attachments = renderPng === null ? null : await pngs(images.flat(), renderPng, log);
  return {
    text: renderText(view),
    html: renderHtml(view, attachments === null ? [] : images),
    attachments: attachments ?? [],
  };
}

/** null: a picture could not be made; the message goes out without any. */
async function pngs(
  images: readonly InlineSvg[],
  renderPng: RenderPng,
  log: Log,
): Promise<InlineImage[] | null> {
  const attachments: InlineImage[] = [];
  try {
    for (const { cid, svg } of images)
      attachments.push({
        filename: `${cid.split('@')[0] ?? 'picture'}.png`,
        cid,
        content: Buffer.from(await renderPng(svg, SCALE)),
        contentType: 'image/png',
        contentDisposition: 'inline',
      });
  } catch (thrown) {
    log.warn({ err: toError(thrown) }, 'pictures of a message could not be made');
    return null;
  }
  return attachments;
}
