import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { initWasm, Resvg } from '@resvg/resvg-wasm';
import type { RenderPng } from './body.ts';

const WASM = '@resvg/resvg-wasm/index_bg.wasm';
/** The pictures' own typeface comes along, so that they look the same on every machine, one without fonts too. */
const FACES = ['400', '700'].map(
  (weight) => `@fontsource/dejavu-sans/files/dejavu-sans-latin-${weight}-normal.woff2`,
);

let faces: Promise<Uint8Array[]> | null = null;

/**
 * Makes a PNG of one of our drawings. The renderer (WebAssembly: nothing native, no files or addresses that a picture
 * could name) and the typeface are loaded with the first picture.
 */
export const renderPng: RenderPng = async (svg, scale) => {
  faces ??= load();
  const picture = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: scale },
    font: { fontBuffers: await faces, defaultFontFamily: 'DejaVu Sans' },
  });
  try {
    return picture.render().asPng();
  } finally {
    picture.free();
  }
};

async function load(): Promise<Uint8Array[]> {
  const [wasm, ...buffers] = await Promise.all(
    [WASM, ...FACES].map((name) => readFile(fileURLToPath(import.meta.resolve(name)))),
  );
  await initWasm(wasm ?? new Uint8Array());
  return buffers;
}
