/** SVG text that is safe to embed: made by `element` and `textElement` only. */
export type Svg = string & { readonly __svg: true };

type Attributes = Readonly<Record<string, string | number>>;

/** Colours that stand out on white and on near black, so that one picture serves both. */
export const COLORS = {
  baseline: '#8492a6',
  live: '#e8590c',
  ink: '#76808f',
  grid: '#9aa5b133',
  gap: '#d6336c',
} as const;

export const FONT = 'DejaVu Sans, Verdana, Arial, sans-serif';

export function element(name: string, attributes: Attributes, ...children: readonly Svg[]): Svg {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${attribute(value)}"`);
  const open = `<${name}${list.join('')}`;
  return (children.length === 0 ? `${open}/>` : `${open}>${children.join('')}</${name}>`) as Svg;
}

export function textElement(x: number, y: number, text: string, attributes: Attributes = {}): Svg {
  const style = { 'font-size': 12, fill: COLORS.ink, 'font-family': FONT };
  const list = Object.entries({ x, y, ...style, ...attributes }).map(
    ([key, value]) => ` ${key}="${attribute(value)}"`,
  );
  return `<text${list.join('')}>${escapeXml(text)}</text>` as Svg;
}

/** A whole picture with its own coordinates. @param title what a screen reader says */
export function document(
  width: number,
  height: number,
  title: string,
  children: readonly Svg[],
): Svg {
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    width,
    height,
    viewBox: `0 0 ${String(width)} ${String(height)}`,
    role: 'img',
  };
  return element('svg', attributes, `<title>${escapeXml(title)}</title>` as Svg, ...children);
}

/** The points of a line, one decimal each: finer than a pixel. */
export function points(list: readonly (readonly [number, number])[]): string {
  return list.map(([x, y]) => `${attribute(x)},${attribute(y)}`).join(' ');
}

function attribute(value: string | number): string {
  if (typeof value === 'string') return escapeXml(value);
  return Number.isFinite(value) ? String(Math.round(value * 10) / 10) : '0';
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control characters are not XML, and marks that reorder text disguise it: both are shown as U+FFFD. */
function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(
      /[\p{Cc}\uFFFE\uFFFF\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu,
      '\uFFFD',
    )
    .replace(/[&<>"']/g, (char) => ESCAPES[char] ?? '');
}
