import type { BuildInfo } from '../../platform/build-info.ts';
import type { Clock } from '../../platform/clock.ts';
import type { EventLoopMonitor } from '../../platform/event-loop.ts';
import type { Log } from '../../platform/log.ts';
import type { HostPort } from '../../config/types.ts';
import type { FastifyInstance } from 'fastify';
import type { HealthSource } from './health.ts';

/** What `/metrics` serves, in the text format 0.0.4 or as OpenMetrics 1.0. */
export interface MetricsPage {
  page(openMetrics: boolean): Promise<{ readonly contentType: string; readonly body: string }>;
}

export interface HttpMetrics {
  /** `route` is the pattern, never the raw URL: bounded. */
  observeRequest(method: string, route: string, status: number, seconds: number): void;
}

export interface HttpDeps {
  readonly listen: HostPort;
  readonly health: HealthSource;
  readonly metrics: MetricsPage;
  readonly httpMetrics: HttpMetrics;
  readonly eventLoop: EventLoopMonitor;
  readonly build: BuildInfo;
  readonly clock: Clock;
  readonly log: Log;
  /** Adds the API, once the server is made and before it listens. */
  readonly extend?: (app: FastifyInstance) => Promise<void>;
}
