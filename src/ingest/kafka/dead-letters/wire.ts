import type { KafkaConfig } from '../../../config/types.ts';
import { createKafkaClient } from '../client.ts';
import { createDeadLetters } from './dead-letters.ts';
import type { DeadLetterOptions } from './dead-letters.ts';

/** Dead letters by a producer of their own, which connects with the first of them. */
export function createKafkaDeadLetters(
  config: KafkaConfig,
  topic: string,
  { log, tell }: Pick<DeadLetterOptions, 'log' | 'tell'>,
): ReturnType<typeof createDeadLetters> {
  const producer = createKafkaClient(config, log).producer();
  return createDeadLetters({ producer, topic, log, tell });
}
