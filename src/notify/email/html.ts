import { printable } from '../printable.ts';

/** HTML that is safe to embed: made by the `html` template only. */
export class SafeHtml {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

type Part = string | number | SafeHtml | null | readonly Part[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * A tagged template: what is put into it is escaped for element content and quoted attributes, unless it is `SafeHtml`
 * itself. Lists are joined, null is nothing.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): SafeHtml {
  let text = strings[0] ?? '';
  for (const [i, part] of parts.entries()) text += embed(part) + (strings[i + 1] ?? '');
  return new SafeHtml(text);
}

function embed(part: Part): string {
  if (part === null) return '';
  if (part instanceof SafeHtml) return part.toString();
  if (typeof part === 'object') return part.map(embed).join('');
  return printable(String(part)).replace(/[&<>"']/g, (char) => ESCAPES[char] ?? '');
}
