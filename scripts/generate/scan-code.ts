import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import wabt from 'wabt';

const SOURCE = 'src/ingest/decode/kernel/scan.wat';

/** The module of SOURCE as a TypeScript file: whoever runs driftd needs no assembler. */
export async function scanCode(): Promise<string> {
  const file = fileURLToPath(new URL(`../../${SOURCE}`, import.meta.url));
  const assembler = await wabt();
  const module = assembler.parseWat(SOURCE, readFileSync(file, 'utf8'));
  module.resolveNames();
  module.validate();
  const { buffer } = module.toBinary({});
  module.destroy();
  const lines =
    Buffer.from(buffer)
      .toString('base64')
      .match(/.{1,90}/g) ?? [];
  return `// Made by \`npm run generate\` from ${SOURCE}.
export const SCAN_CODE =
${lines.map((line) => `  '${line}'`).join(' +\n')};
`;
}
