import { describe, expect, it } from 'vitest';
import { bodyOf } from '../../../../src/notify/email/body.ts';
import { html } from '../../../../src/notify/email/html.ts';
import { createLog } from '../../../../src/platform/log.ts';
import { digest, digestFeature } from '../../../support/digests.ts';
import { flightsDigest } from '../../../support/flights-digest.ts';

const log = createLog('silent');

describe('the template', () => {
  it('escapes everything but itself', () => {
    const inner = html`<b>${'<i>'}</b>`;
    expect(html`<p title="${`"'&`}">${inner}${[inner, 1]}${null}</p>`.toString()).toBe(
      '<p title="&quot;&#39;&amp;"><b>&lt;i&gt;</b><b>&lt;i&gt;</b>1</p>',
    );
  });

  it('shows what would reorder or end a line as a replacement mark', () => {
    expect(html`${'a\u202Eb\u2066c\u0000d\r\ne\u2028f\uD800g'}`.toString()).toBe('a�b�c�d��e�f�g');
  });
});

describe('pictures', () => {
  const july = () => {
    const message = flightsDigest(Date.UTC(2013, 6, 18));
    if (message === null) throw new Error('July fires');
    return message;
  };

  it('are attached and shown by cid when they can be made', async () => {
    const svgs: string[] = [];
    const body = await bodyOf(
      july(),
      (svg, scale) => {
        svgs.push(svg);
        return Buffer.from(`png of ${String(svg.length)} at ${String(scale)}`);
      },
      log,
    );
    const cids = [...body.html.matchAll(/src="cid:([^"]+)"/g)].map(([, cid]) => cid);
    expect(cids.length).toBeGreaterThanOrEqual(4);
    expect(body.attachments.map(({ cid }) => cid)).toEqual(cids);
    expect(new Set(cids).size).toBe(cids.length);
    expect(svgs.every((svg) => svg.startsWith('<svg xmlns'))).toBe(true);
    expect(body.html).toMatch(
      /alt="temp, cumulative: at or below \S+ are 0 % live and 100 % of the baseline, KS 1\.00"/,
    );
  });

  it.each([
    ['nobody makes images', null],
    [
      'making them fails',
      () => {
        throw new Error('no font');
      },
    ],
  ])('are made of table cells when %s', async (_name, renderPng) => {
    const body = await bodyOf(july(), renderPng, log);
    expect(body.attachments).toEqual([]);
    expect(body.html).not.toContain('<img');
    expect(
      body.html.match(/<div style="height:\d+px;background:#e8590c">/g)?.length,
    ).toBeGreaterThan(40);
    expect(body.html).toContain('baseline &nbsp;');
  });

  it('are left out of the 13th feature on', async () => {
    const [first] = july().features;
    const features = Array.from({ length: 20 }, (_, i) => ({
      ...digestFeature(),
      ...first,
      feature: `f${String(i)}`,
    }));
    const body = await bodyOf(digest({ features }), () => Buffer.from('png'), log);
    expect(body.attachments).toHaveLength(24);
    expect(body.html).toContain('f19');
  });
});
