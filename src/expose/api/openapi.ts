/** What the OpenAPI document says besides the routes. */

export const INFO = {
  title: 'driftd',
  description:
    'Baselines, evaluations, scores and alerts of a drift monitor. JSON in and out; what fails is told as `application/problem+json` (RFC 9457). Times are RFC 3339, UTC. Lists come in pages: give `next` as `cursor`.',
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
} as const;

export const TAGS = [
  { name: 'models', description: 'What is watched.' },
  { name: 'baselines', description: 'What live data is compared with, and its life.' },
  { name: 'evaluations', description: 'What was judged: verdicts, scores, histograms.' },
  { name: 'alerts', description: 'What was told.' },
  { name: 'ingest', description: 'Events, and records that could not be counted.' },
  { name: 'administration', description: 'Tokens, the audit, the configuration.' },
] as const;

const PROBLEM = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'instance'],
  properties: {
    type: { const: 'about:blank' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What is wrong, and the way out.' },
    instance: { type: 'string', description: 'The request id; the log has a line with it.' },
  },
} as const;

/** Answers that every operation may give. */
const REFUSALS = {
  400: 'Something in the request is wrong; the detail names it.',
  401: 'No token, or none that is in force.',
  403: 'The token may not do this.',
  404: 'There is no such thing.',
  431: 'The head of the request, with its address, is above 128 KiB.',
  429: 'Too many requests; `Retry-After` says when to come again.',
  500: 'A defect of driftd; its log has the reason.',
} as const;

/** By which a route tells the document its types of body; it is not in what is published. */
export const BODY_TYPES = 'x-body-types';

interface Parameter {
  schema?: { contentMediaType?: string; contentSchema?: object };
  content?: Record<string, { schema: object }>;
}

interface Operation {
  readonly responses?: Record<string, unknown>;
  requestBody?: unknown;
  parameters?: Parameter[];
  [BODY_TYPES]?: readonly string[];
}

/** A file as it is, or in a form. */
function fileBody(types: readonly string[]): object {
  const file = { type: 'string', format: 'binary', minLength: 1 };
  const form = { type: 'object', properties: { file }, required: ['file'] };
  const content = types.map((type) => [
    type,
    { schema: type === 'multipart/form-data' ? form : file },
  ]);
  return { required: true, content: Object.fromEntries(content) as object };
}

/** A text that holds JSON: of a parameter OpenAPI says so by `content`, and clients write the object themselves. */
function sayContent(parameter: Parameter): void {
  const { contentMediaType, contentSchema } = parameter.schema ?? {};
  if (contentMediaType === undefined || contentSchema === undefined) return;
  delete parameter.schema;
  parameter.content = { [contentMediaType]: { schema: contentSchema } };
}

/** Adds to every operation how it may be refused, and how callers say who they are. */
export function completeDocument<Document extends object>(document: Document): Document {
  const { paths = {}, components = {} } = document as {
    paths?: Record<string, Record<string, Operation>>;
    components?: Record<string, unknown>;
  };
  const refusal = (description: string): object => ({
    description,
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  });
  for (const operations of Object.values(paths)) {
    for (const operation of Object.values(operations)) {
      const { responses, parameters = [] } = operation;
      parameters.forEach(sayContent);
      if (responses === undefined) continue;
      const more: Record<string, string> = { ...REFUSALS };
      const bodyTypes = operation[BODY_TYPES];
      delete operation[BODY_TYPES];
      if (bodyTypes !== undefined) operation.requestBody = fileBody(bodyTypes);
      if (operation.requestBody !== undefined) {
        more[413] = 'The body is too large.';
        more[415] = 'The body has a type that is not read here.';
      }
      for (const [status, description] of Object.entries(more))
        responses[status] ??= refusal(description);
      for (const [status, response] of Object.entries(responses)) {
        // A conflict that a route names by its description only.
        const { content, ...told } = response as { content?: object; description?: string };
        if (Number(status) >= 400 && content === undefined)
          responses[status] = { ...refusal(told.description ?? ''), ...told };
      }
    }
  }
  return {
    ...document,
    components: {
      ...components,
      schemas: { ...(components['schemas'] as object | undefined), Problem: PROBLEM },
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'Not needed at localhost, unless the configuration says so.',
        },
      },
    },
    security: [{ token: [] }, {}],
  };
}
