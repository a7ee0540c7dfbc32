/** One reader of one topic in a process of its own: started by bench/ingest.ts, once a round. */
import type { Reading, Task } from './task.ts';
import { readWithDriftd } from './driftd-reader.ts';
import { readWithKafkajs } from './kafkajs-reader.ts';

const task = JSON.parse(process.argv[2] ?? '') as Task;
const reading: Reading =
  task.reader === 'driftd' ? await readWithDriftd(task) : await readWithKafkajs(task);
process.stdout.write(`${JSON.stringify(reading)}\n`);
