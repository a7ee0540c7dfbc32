import { readBody } from '../bodies/read-body.ts';
import { attributeText } from '../fill.ts';
import { fromBase64 } from '../document.ts';
import { Rejected, own } from '../json-limits.ts';
import { sideOf } from './inference-event.ts';
import type { JsonShape } from './json-shape.ts';
import { textOrNull } from './json-shape.ts';
import { writeBody } from './payload.ts';

/** What KServe's logger writes in blob mode: the request or response as base64 within a JSON object. */
export const kserveLog: JsonShape = {
  name: 'kserve-logger',
  matches: (event) => own(event, 'reqType') !== undefined && own(event, 'bytes') !== undefined,
  read(event, reading) {
    const side = sideOf(textOrNull(own(event, 'reqType')) ?? undefined);
    const bytes = own(event, 'bytes');
    if (side === null || typeof bytes !== 'string') {
      throw new Rejected(
        'invalid-shape',
        '"reqType" must end with inference.request or inference.response, "bytes" must be base64',
      );
    }
    const service = textOrNull(own(event, 'inferenceService'));
    const namespace = textOrNull(own(event, 'namespace'));
    const body = readBody(fromBase64(bytes, '"bytes"'), textOrNull(own(event, 'contentType')), {
      side,
      mapping: reading.mapping,
    });
    writeBody(
      body,
      {
        names: [service !== null && namespace !== null ? `${namespace}/${service}` : null, service],
        side,
        id: textOrNull(own(event, 'id')),
        version: null,
        time: own(event, 'occurrenceTime'),
        attribute: (name) => attributeText(own(event, name)),
      },
      reading,
    );
  },
};
