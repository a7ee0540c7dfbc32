import type { FastifyInstance } from 'fastify';

import type { HttpDeps } from '../deps.ts';

const LINKS = [
  ['/metrics', 'gauges and counters for Prometheus'],
  ['/readyz', 'can this process do its part, and if not, why (also at /health)'],
  ['/livez', 'is this process alive'],
  ['/version', 'what is running'],
] as const;

const API_LINK = ['/docs', 'the API, to read and to try'] as const;

/** What there is on this port, for a person who opened it in a browser. */
export function registerLanding(app: FastifyInstance, { build, extend }: HttpDeps): void {
  const links = extend === undefined ? LINKS : [API_LINK, ...LINKS];
  const items = links
    .map(([path, what]) => `<li><a href="${path}">${path}</a>: ${what}</li>`)
    .join('\n');
  const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>driftd</title></head>
<body>
<main>
<h1>driftd ${build.version}</h1>
<p>Watches the inputs and outputs of machine-learning models for drift.</p>
<ul>
${items}
</ul>
</main>
</body>
</html>
`;
  app.get('/', async (_request, reply) =>
    reply.header('content-type', 'text/html; charset=utf-8').send(page),
  );
}
