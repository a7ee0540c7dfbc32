/** One reader in a process of its own, first warming up: started by bench/ingest.ts, once a round. */
import type { Order, Reading } from './task.ts';
import { readWithDriftd } from './driftd-reader.ts';
import { readWithKafkajs } from './kafkajs-reader.ts';

const { reader, tasks } = JSON.parse(process.argv[2] ?? '') as Order;
let reading: Reading | null = null;
for (const task of tasks) {
  reading = reader === 'driftd' ? await readWithDriftd(task) : await readWithKafkajs(task, reader);
}
process.stdout.write(`${JSON.stringify(reading)}\n`);
