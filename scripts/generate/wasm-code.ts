import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import wabt from 'wabt';

/**
 * A module in WebAssembly text as a TypeScript file: whoever runs driftd needs no assembler.
 * @param source its path in the project
 * @param name of the constant that the file is to export
 */
export async function wasmCode(source: string, name: string): Promise<string> {
  const file = fileURLToPath(new URL(`../../${source}`, import.meta.url));
  const assembler = await wabt();
  const module = assembler.parseWat(source, readFileSync(file, 'utf8'));
  module.resolveNames();
  module.validate();
  const { buffer } = module.toBinary({});
  module.destroy();
  const lines =
    Buffer.from(buffer)
      .toString('base64')
      .match(/.{1,90}/g) ?? [];
  return `// Made by \`npm run generate\` from ${source}.
export const ${name} =
${lines.map((line) => `  '${line}'`).join(' +\n')};
`;
}
