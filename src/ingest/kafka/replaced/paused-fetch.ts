import { createRequire } from 'node:module';

interface TopicPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}

/** kafkajs' member of a group, as far as it fetches. */
interface ConsumerGroup {
  readonly maxWaitTime: number;
  readonly subscriptionState: { assigned(): TopicPartitions[] };
  readonly cluster: { refreshMetadataIfNecessary(): Promise<void> };
  checkForStaleAssignment(): void;
  /** Of all assigned topics, those of their partitions that are not paused. */
  getActiveTopicPartitions(): Readonly<Record<string, ReadonlySet<number>>>;
  filterPartitionsByNode(node: string, assigned: TopicPartitions[]): TopicPartitions[];
  fetch(node: string): Promise<unknown[]>;
  resume(partitions: unknown): void;
}

/** Fetches that wait until something is resumed. */
const waiting = new WeakMap<ConsumerGroup, Set<() => void>>();
const replaced = new WeakSet<ConsumerGroup>();

/**
 * Lets a fetch that finds all partitions paused go on as soon as one is resumed. kafkajs sleeps for the whole of
 * `maxWaitTimeInMs` instead: queues that are full, and are counted in less than that, would be empty meanwhile.
 */
export function wakePausedFetches(): void {
  const load = createRequire(import.meta.url);
  const { prototype } = load('kafkajs/src/consumer/consumerGroup') as { prototype: ConsumerGroup };
  if (replaced.has(prototype)) return;
  replaced.add(prototype);
  const { fetch, resume } = prototype;

  prototype.fetch = async function fetchOrWait(this: ConsumerGroup, node) {
    try {
      if (isPaused(this, node)) {
        // What kafkajs does before it sleeps.
        await this.cluster.refreshMetadataIfNecessary();
        this.checkForStaleAssignment();
        if (isPaused(this, node)) await resumed(this);
        if (isPaused(this, node)) return [];
      }
    } catch {
      // kafkajs meets the same error again, and knows what to do about it.
    }
    return fetch.call(this, node);
  };
  prototype.resume = function resumeAndWake(this: ConsumerGroup, partitions) {
    resume.call(this, partitions);
    for (const wake of waiting.get(this) ?? []) wake();
  };
}

/** Are all partitions paused that are fetched from this broker? No when there are none. */
function isPaused(group: ConsumerGroup, node: string): boolean {
  const active = group.getActiveTopicPartitions();
  const mine = group.filterPartitionsByNode(node, group.subscriptionState.assigned());
  let paused = false;
  for (const { topic, partitions } of mine) {
    for (const partition of partitions) {
      if (active[topic]?.has(partition) === true) return false;
      paused = true;
    }
  }
  return paused;
}

/** Until something is resumed, or for as long as kafkajs would sleep. */
async function resumed(group: ConsumerGroup): Promise<void> {
  const wakes = waiting.get(group) ?? new Set();
  waiting.set(group, wakes);
  const { promise, resolve: wake } = Promise.withResolvers<void>();
  wakes.add(wake);
  const timer = setTimeout(wake, group.maxWaitTime);
  await promise;
  clearTimeout(timer);
  wakes.delete(wake);
}
