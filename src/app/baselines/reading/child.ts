/*
 * The process that reads what strangers upload: entry point, started by in-child.ts. It has no secrets in its environment,
 * little memory, and nothing else to do; whatever a file does to it, the daemon goes on.
 */
import type { AttributeValues } from '../../../core/baseline/checks/attributes.ts';
import { toDocument } from '../../../core/baseline/document/document.ts';
import { decodeBinning } from '../../../core/histogram/coding/binning-text.ts';
import { DriftdError, toError } from '../../../platform/errors.ts';
import { workForParent } from '../../../platform/parent.ts';
import type { ChildAnswer, ChildRequest } from './in-child.ts';
import { readBaselineFile } from './read-file.ts';

const PROGRESS_STEP = 0.01;

workForParent<ChildRequest, ChildAnswer>(async (request, tell) => {
  let told = 0;
  let attributes: readonly AttributeValues[] = [];
  try {
    const baseline = await readBaselineFile({
      ...request,
      history: new Map(request.history.map(([name, of]) => [name, of.map(decodeBinning)])),
      onProgress: (share) => {
        if (share < told + PROGRESS_STEP) return;
        told = share;
        tell({ progress: share });
      },
      onAttributes: (values) => {
        attributes = values;
      },
    });
    return { document: JSON.stringify(toDocument(baseline)), attributes };
  } catch (thrown) {
    const code = thrown instanceof DriftdError ? thrown.code : null;
    return { code, message: toError(thrown).message };
  }
});
