import { describe, expect, it } from 'vitest';

import { completeDocument } from '../../../src/expose/api/openapi.ts';

describe('the OpenAPI document', () => {
  it('tells the content of a parameter that holds JSON, and leaves others', () => {
    const contentSchema = { type: 'object', additionalProperties: { type: 'string' } };
    const { paths } = completeDocument({
      paths: {
        '/things': {
          get: {
            responses: {},
            parameters: [
              {
                name: 'unit',
                in: 'query',
                schema: { type: 'string', contentMediaType: 'application/json', contentSchema },
              },
              { name: 'limit', in: 'query', schema: { type: 'string' } },
            ],
          },
        },
      },
    });
    expect(paths['/things'].get.parameters).toEqual([
      { name: 'unit', in: 'query', content: { 'application/json': { schema: contentSchema } } },
      { name: 'limit', in: 'query', schema: { type: 'string' } },
    ]);
  });
});
