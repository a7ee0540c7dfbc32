import { format } from 'prettier';

import { editorSchema } from '../../src/config/spec/editor-schema.ts';
import { configurationPage } from './configuration-page.ts';
import { errorsPage } from './errors-page.ts';
import { metricsPage } from './metrics-page.ts';

/** The files of the repository that are made from source, by path from its root. Committed; never edited. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const markdown = (text: string): Promise<string> =>
    format(text, { parser: 'markdown', printWidth: 100 });
  return new Map([
    [
      'config/driftd.schema.json',
      await format(JSON.stringify(editorSchema()), { parser: 'json', printWidth: 100 }),
    ],
    ['docs/configuration.md', await markdown(configurationPage())],
    ['docs/metrics.md', await markdown(metricsPage())],
    ['docs/errors.md', await markdown(errorsPage())],
  ]);
}
