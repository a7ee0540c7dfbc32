import { format } from 'prettier';

import { dashboardFiles } from '../dashboards/dashboards.ts';
import { openApiDocument } from '../../src/app/api/document.ts';
import { readBuildInfo } from '../../src/platform/build-info.ts';
import { editorSchema } from '../../src/config/spec/editor-schema.ts';
import { baselineSchema } from './baseline-schema.ts';
import { configurationPage } from './configuration-page.ts';
import { errorsPage } from './errors-page.ts';
import { metricsPage } from './metrics-page.ts';
import { wasmCode } from './wasm-code.ts';

/** The files of the repository that are made from source, by path from its root. Committed; never edited. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const markdown = (text: string): Promise<string> =>
    format(text, { parser: 'markdown', printWidth: 100 });
  const json = (text: string): Promise<string> => format(text, { parser: 'json', printWidth: 100 });
  const dashboards = dashboardFiles().map(
    async ([name, text]) => [`config/grafana/dashboards/${name}`, await json(text)] as const,
  );
  const { version } = readBuildInfo();
  return new Map([
    ...(await Promise.all(dashboards)),
    ['config/driftd.schema.json', await json(JSON.stringify(editorSchema()))],
    ['config/baseline.schema.json', await json(JSON.stringify(baselineSchema()))],
    ['docs/openapi.json', await json(JSON.stringify(await openApiDocument(version)))],
    ['docs/configuration.md', await markdown(configurationPage())],
    ['docs/metrics.md', await markdown(metricsPage())],
    ['docs/errors.md', await markdown(errorsPage())],
    [
      'src/core/histogram/kernel/count-code.ts',
      await wasmCode('src/core/histogram/kernel/count.wat', 'COUNT_CODE'),
    ],
    [
      'src/ingest/decode/kernel/scan-code.ts',
      await wasmCode('src/ingest/decode/kernel/scan.wat', 'SCAN_CODE'),
    ],
  ]);
}
