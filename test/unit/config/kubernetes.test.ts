import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { loadConfig } from '../../../src/config/load.ts';
import { STOP_DEADLINE_MS } from '../../../src/cli/run.ts';

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Manifest {
  readonly kind: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly template?: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly [
          {
            readonly image: string;
            readonly ports: readonly [{ readonly name: string; readonly containerPort: number }];
            readonly startupProbe: Probe;
            readonly livenessProbe: Probe;
            readonly readinessProbe: Probe;
            readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
          },
        ];
        readonly volumes: readonly {
          readonly name: string;
          readonly secret?: { readonly items: readonly { readonly path: string }[] };
        }[];
      };
    };
  };
}

const read = (path: string): string =>
  readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const manifests = parseAllDocuments(read('config/kubernetes/driftd.yaml')).map(
  (document) => document.toJS() as Manifest,
);
const pod = manifests.find(({ kind }) => kind === 'Deployment')?.spec?.template?.spec;
const text = manifests.find(({ kind }) => kind === 'ConfigMap')?.data?.['driftd.yaml'] ?? '';

describe('the manifests for Kubernetes', () => {
  it('hold a configuration that driftd takes, with the secrets where the pod has them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'driftd-kubernetes-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const secrets = pod?.containers[0].volumeMounts.find(({ name }) => name === 'secrets');
    const items = pod?.volumes.find(({ name }) => name === 'secrets')?.secret?.items ?? [];
    await mkdir(join(folder, 'secrets'));
    for (const { path } of items) {
      const url = path === 'database-url';
      await writeFile(join(folder, 'secrets', path), url ? 'postgres://u@h/d' : 'x'.repeat(48));
    }
    const file = join(folder, 'driftd.yaml');
    await writeFile(file, text.replaceAll(secrets?.mountPath ?? 'none', join(folder, 'secrets')));
    const config = await loadConfig(file, {
      env: {},
      validateCron: () => null,
    });

    expect(config.http.listen.port).toBe(pod?.containers[0].ports[0].containerPort);
    expect(config.http.adminToken).not.toBeNull();
  });

  it('ask livez for life and readyz for readiness, and leave time to stop in order', () => {
    const container = pod?.containers[0];
    const paths = [container?.startupProbe, container?.livenessProbe, container?.readinessProbe];

    expect(paths.map((probe) => probe?.httpGet.path)).toEqual(['/livez', '/livez', '/readyz']);
    expect((pod?.terminationGracePeriodSeconds ?? 0) * 1_000).toBeGreaterThan(STOP_DEADLINE_MS);
  });

  it('run the version of this package', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };

    expect(pod?.containers[0].image).toBe(`driftd:${version}`);
  });
});
