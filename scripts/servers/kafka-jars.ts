import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { DriftdError } from '../../src/platform/errors.ts';
import { cacheFolder, findProgram, makeTempFolder } from './lifecycle.ts';
import { cached, damageOf } from './manifest.ts';

const run = promisify(execFile);
export const KAFKA_VERSION = '4.3.1';
const OLDEST_JAVA = 17;
/** Kafka logs through slf4j; without a binding its errors are lost. */
const LOG4J_VERSION = '2.25.4';
const WAY_OUT =
  'install a JDK 17 or newer and Maven (Debian: apt-get install default-jdk-headless maven; macOS: brew install openjdk maven), or use --source replay, which needs no Kafka';

function missing(what: string): DriftdError {
  return new DriftdError('JAVA_MISSING', `Kafka needs ${what}: ${WAY_OUT}.`);
}

/**
 * The path of a Java that can run Kafka: JAVA_HOME's, else the one on PATH.
 *
 * @throws DriftdError JAVA_MISSING
 */
export async function requireJava(): Promise<string> {
  const home = process.env['JAVA_HOME'];
  const java =
    home === undefined || home === '' ? findProgram('java') : path.join(home, 'bin', 'java');
  if (java === undefined)
    throw missing(`Java ${String(OLDEST_JAVA)} or newer, and there is none on PATH`);
  const output = await run(java, ['-version']).catch(() => {
    throw missing(`Java ${String(OLDEST_JAVA)} or newer, and ${java} does not run`);
  });
  const version = /version "(\d+)/.exec(output.stderr + output.stdout)?.[1] ?? '0';
  if (Number(version) < OLDEST_JAVA) {
    throw missing(`Java ${String(OLDEST_JAVA)} or newer, and ${java} is version ${version}`);
  }
  return java;
}

/**
 * Whether a broker can be had here: Java, and Maven unless its jars are cached already.
 *
 * @throws DriftdError JAVA_MISSING
 */
export async function requireBrokerTools(version: string = KAFKA_VERSION): Promise<void> {
  await requireJava();
  if (damageOf(jarFolder(version)) !== undefined) requireMaven();
}

function requireMaven(): string {
  const maven = findProgram('mvn');
  if (maven === undefined) throw missing('Maven to fetch its jars, and there is no mvn on PATH');
  return maven;
}

function jarFolder(version: string): string {
  return path.join(cacheFolder(), `kafka-${version}`);
}

function pom(version: string): string {
  const dependency = (group: string, artifact: string, wanted: string): string =>
    `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${wanted}</version></dependency>`;
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>driftd</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    ${dependency('org.apache.kafka', 'kafka_2.13', version)}
    ${dependency('org.apache.logging.log4j', 'log4j-slf4j-impl', LOG4J_VERSION)}
  </dependencies>
</project>
`;
}

async function copyJars(version: string, into: string): Promise<void> {
  const maven = requireMaven();
  const project = makeTempFolder('maven');
  try {
    const file = path.join(project.path, 'pom.xml');
    writeFileSync(file, pom(version));
    const args = ['-B', '-q', '-ntp', '-C', '-f', file, 'dependency:copy-dependencies'];
    args.push(`-DoutputDirectory=${into}`, '-DincludeScope=runtime');
    await run(maven, args, { cwd: project.path, maxBuffer: 1 << 26 });
  } catch (error) {
    const output =
      error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error);
    const first = output.split('\n').find((line) => line.includes('ERROR')) ?? output.trim();
    throw new DriftdError(
      'DOWNLOAD_FAILED',
      `Maven could not fetch Kafka ${version}: ${first.trim()}. Check the network and ~/.m2/settings.xml, then try again.`,
      { cause: error },
    );
  } finally {
    project.remove();
  }
}

/**
 * The folder with Kafka's jars, from the cache when it is sound, else fetched by Maven.
 *
 * @throws DriftdError JAVA_MISSING (no Maven) or DOWNLOAD_FAILED
 */
export async function kafkaJars(
  version: string,
  onProgress?: (line: string) => void,
): Promise<string> {
  return cached(jarFolder(version), async (into) => {
    onProgress?.(`Fetching Kafka ${version} (44 MB, once)`);
    mkdirSync(into, { recursive: true });
    await copyJars(version, into).catch((error: unknown) => {
      rmSync(into, { recursive: true, force: true });
      throw error;
    });
  });
}
