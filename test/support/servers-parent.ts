/** Starts both servers, prints where they are, and waits to be killed. Run by the lifecycle test. */
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readFileSync } from 'node:fs';
import { startKafka } from '../../scripts/servers/kafka.ts';
import { startPostgres } from '../../scripts/servers/postgres.ts';

/** Folders of others come and go meanwhile. */
function ownerOf(folder: string): string | null {
  try {
    return readFileSync(path.join(folder, 'owner.pid'), 'utf8');
  } catch {
    return null;
  }
}

const [postgres, kafka] = await Promise.all([startPostgres(), startKafka()]);
const folders = readdirSync(tmpdir())
  .filter((name) => name.startsWith('driftd-dev-'))
  .map((name) => path.join(tmpdir(), name))
  .filter((folder) => ownerOf(folder) === String(process.pid));
const port = Number(kafka.brokers[0]?.split(':')[1]);
process.stdout.write(
  `${JSON.stringify({ pids: [postgres.pid, kafka.pid], ports: [postgres.port, port], folders })}\n`,
);
setInterval(() => undefined, 60_000);
