import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { sleep } from '../../src/platform/clock.ts';
import { DriftdError } from '../../src/platform/errors.ts';
import { freePort } from './free-port.ts';
import { makeTempFolder, spawnGuarded } from './lifecycle.ts';
import type { GuardedProcess } from './lifecycle.ts';

const START_MS = 60_000;

export interface WebServer {
  readonly url: string;
  stop(): Promise<void>;
}

async function start(
  program: string,
  args: readonly string[],
  url: string,
  cleanUp: () => void,
): Promise<WebServer> {
  let server: GuardedProcess;
  try {
    server = await spawnGuarded(program, args, { stdio: 'ignore' });
  } catch (error) {
    cleanUp();
    throw new DriftdError(
      'INPUT_UNREADABLE',
      `${program} cannot be started: install it, on Debian with apt-get install ${program}`,
      { cause: error },
    );
  }
  const stop = async (): Promise<void> => {
    await server.stop();
    cleanUp();
  };
  const deadline = performance.now() + START_MS;
  for (;;) {
    const ready = await fetch(`${url}/-/ready`).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return { url, stop };
    if (!server.alive() || performance.now() > deadline) {
      await stop();
      throw new Error(`${program} did not become ready at ${url}`);
    }
    await sleep(100);
  }
}

/**
 * A real Alertmanager on a free loopback port.
 *
 * @param webhook takes every group at once; without it, the one receiver goes nowhere
 */
export async function startAlertmanager(webhook?: string): Promise<WebServer> {
  const folder = makeTempFolder('alertmanager');
  const config = path.join(folder.path, 'alertmanager.yml');
  writeFileSync(
    config,
    stringify({
      route: {
        receiver: 'one',
        group_by: ['model', 'monitor'],
        group_wait: '0s',
        group_interval: '1s',
      },
      receivers: [
        { name: 'one', webhook_configs: webhook === undefined ? [] : [{ url: webhook }] },
      ],
    }),
  );
  const address = `127.0.0.1:${await freePort()}`;
  const args = [
    `--config.file=${config}`,
    `--storage.path=${path.join(folder.path, 'data')}`,
    `--web.listen-address=${address}`,
    '--cluster.listen-address=',
  ];
  return start('prometheus-alertmanager', args, `http://${address}`, () => {
    folder.remove();
  });
}

/**
 * A real Prometheus on a free loopback port with the project's own configuration: only the targets, the pace and the
 * Alertmanager are put in.
 *
 * @param config path of prometheus.yml; its rule files are taken from beside it
 * @param targets host:port of each driftd
 */
export async function startPrometheus(options: {
  readonly config: string;
  readonly targets: readonly string[];
  readonly alertmanager: string;
}): Promise<WebServer> {
  const folder = makeTempFolder('prometheus');
  const config = parse(readFileSync(options.config, 'utf8')) as {
    global: Record<string, unknown>;
    rule_files: string[];
    scrape_configs: { static_configs: unknown }[];
    alerting: Record<string, unknown>;
  };
  config.global = { ...config.global, scrape_interval: '1s', evaluation_interval: '1s' };
  config.rule_files = config.rule_files.map((file) =>
    path.resolve(path.dirname(options.config), file),
  );
  for (const scrape of config.scrape_configs)
    scrape.static_configs = [{ targets: options.targets }];
  config.alerting = {
    ...config.alerting,
    alertmanagers: [{ static_configs: [{ targets: [new URL(options.alertmanager).host] }] }],
  };
  const file = path.join(folder.path, 'prometheus.yml');
  writeFileSync(file, stringify(config));
  mkdirSync(path.join(folder.path, 'data'));
  const address = `127.0.0.1:${await freePort()}`;
  const args = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${path.join(folder.path, 'data')}`,
    `--web.listen-address=${address}`,
    '--enable-feature=exemplar-storage',
  ];
  return start('prometheus', args, `http://${address}`, () => {
    folder.remove();
  });
}
