import { randomInt } from 'node:crypto';
import { createRequire } from 'node:module';

interface TopicPartitions {
  readonly topic: string;
  readonly partitions: number[];
}

/** kafkajs' list of what is assigned, which a fetch asks for in this order. */
interface SubscriptionState {
  assignedPartitionsByTopic: Readonly<Record<string, TopicPartitions>>;
  assigned(): TopicPartitions[];
}

/**
 * Lets every fetch begin with another partition. Brokers fill a response in the order that is asked for, up to its
 * size: kafkajs always asks in the same one, and with a backlog everywhere the last partitions would get nothing until
 * the first are read to their end.
 */
export function rotateFetches(): void {
  const load = createRequire(import.meta.url);
  const { prototype } = load('kafkajs/src/consumer/subscriptionState') as {
    prototype: SubscriptionState;
  };
  prototype.assigned = function assigned(this: SubscriptionState): TopicPartitions[] {
    return rotated(Object.values(this.assignedPartitionsByTopic)).map(({ topic, partitions }) => ({
      topic,
      partitions: rotated(partitions),
    }));
  };
}

function rotated<T>(list: readonly T[]): T[] {
  const first = list.length < 2 ? 0 : randomInt(list.length);
  return [...list.slice(first), ...list.slice(0, first)];
}
