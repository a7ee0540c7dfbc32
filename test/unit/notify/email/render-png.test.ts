import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { renderPng } from '../../../../src/notify/email/render-png.ts';

/** Pixels of an 8-bit RGBA PNG that are not transparent, whatever its filters: decoded rows, summed alpha. */
function ink(png: Uint8Array): { width: number; height: number; opaque: number } {
  const bytes = Buffer.from(png);
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  const parts: Buffer[] = [];
  for (let at = 8; at < bytes.length;) {
    const size = bytes.readUInt32BE(at);
    if (bytes.toString('latin1', at + 4, at + 8) === 'IDAT')
      parts.push(bytes.subarray(at + 8, at + 8 + size));
    at += size + 12;
  }
  const raw = inflateSync(Buffer.concat(parts));
  return { width, height, opaque: raw.reduce((sum, byte) => sum + Number(byte !== 0), 0) };
}

const svg = (inside: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20">${inside}</svg>`;

describe('pictures of a mail', () => {
  it('are PNG at the scale asked for', async () => {
    const png = await renderPng(svg('<rect width="60" height="20" fill="#e8590c"/>'), 2);
    expect(Buffer.from(png).toString('latin1', 1, 4)).toBe('PNG');
    expect(ink(png)).toMatchObject({ width: 120, height: 40 });
  });

  it('have letters, on a machine without fonts too', async () => {
    const text = '<text x="2" y="14" font-size="12" font-family="DejaVu Sans">KS 0.5</text>';
    const empty = ink(await renderPng(svg(''), 2)).opaque;
    expect(ink(await renderPng(svg(text), 2)).opaque).toBeGreaterThan(empty + 200);
  });

  it('show no file that a picture names', async () => {
    const image = '<image width="60" height="20" href="file:///etc/hostname"/>';
    expect(ink(await renderPng(svg(image), 1)).opaque).toBe(
      ink(await renderPng(svg(''), 1)).opaque,
    );
  });
});
