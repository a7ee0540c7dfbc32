import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { AttributeValues } from '../../../core/baseline/checks/attributes.ts';
import { parseDocument } from '../../../core/baseline/document/document.ts';
import type { Baseline } from '../../../core/baseline/types.ts';
import { encodeBinning } from '../../../core/histogram/coding/binning-text.ts';
import { DriftdError, toError } from '../../../platform/errors.ts';
import type { ErrorCode } from '../../../platform/errors.ts';
import { NODE_PATH } from '../../../platform/this-node.ts';
import { READING_LIMITS, limitedCommand } from './limits.ts';
import type { ReadingLimits } from './limits.ts';
import type { ReadBaseline, ReadRequest } from './read-file.ts';

const MIB = 1024 * 1024;
/** Of the memory the part that JavaScript objects may take; the rest is for counts and buffers. */
const HEAP_SHARE = 0.5;
const WATCH_MS = 100;

/** What the child is told, as plain data. */
export type ChildRequest = Omit<ReadRequest, 'history' | 'onProgress' | 'onAttributes'> & {
  readonly history: readonly (readonly [name: string, binnings: readonly string[]])[];
};
export type ChildAnswer =
  | { readonly progress: number }
  | { readonly document: string; readonly attributes: readonly AttributeValues[] }
  | { readonly code: ErrorCode | null; readonly message: string };

/** As `readBaselineFile`, in a process of its own that is killed when it takes too much. */
export function readInChild(limits: ReadingLimits = READING_LIMITS): ReadBaseline {
  return ({ onProgress, onAttributes, history, ...request }) => {
    const { unpackedBytes, lineBytes, columns } = limits;
    const child = startChild(limits);
    const told: ChildRequest = {
      ...request,
      limits: { unpackedBytes, lineBytes, columns },
      history: [...history].map(([name, of]) => [name, of.map(encodeBinning)]),
    };
    return new Promise<Baseline>((resolve, reject) => {
      const refuse = (why: string): void => {
        reject(new DriftdError('INPUT_INVALID', `the file cannot be read: ${why}`));
        child.kill('SIGKILL');
      };
      const timer = setTimeout(() => {
        refuse(tooLong(limits));
      }, limits.timeMs);
      const watch = setInterval(() => {
        if (memoryOf(child) > limits.memoryBytes) refuse(tooMuchMemory(limits));
      }, WATCH_MS);
      child.on('message', (answer: ChildAnswer) => {
        if ('progress' in answer) onProgress?.(answer.progress);
        else if ('document' in answer) {
          // What the child made of a file is of the file's making, too.
          try {
            const baseline = parseDocument(JSON.parse(answer.document));
            onAttributes?.(answer.attributes);
            resolve(baseline);
          } catch (thrown) {
            refuse(toError(thrown).message);
          }
        } else if (answer.code === null) refuse(answer.message);
        else reject(new DriftdError(answer.code, answer.message));
      });
      child.on('error', (error) => {
        refuse(error.message);
      });
      child.on('exit', (code, signal) => {
        clearTimeout(timer);
        clearInterval(watch);
        // A full heap ends Node with SIGABRT; after an answer none of this is heard.
        refuse(
          signal === 'SIGABRT' || signal === 'SIGTRAP' || code === 134
            ? tooMuchMemory(limits)
            : signal === 'SIGXCPU'
              ? tooLong(limits)
              : `its reader ended with ${signal ?? code}`,
        );
      });
      child.send(told);
    });
  };
}

function tooLong({ timeMs }: ReadingLimits): string {
  return `it takes longer than ${timeMs / 1000} seconds`;
}

function tooMuchMemory({ memoryBytes }: ReadingLimits): string {
  return `it takes more than ${Math.round(memoryBytes / MIB)} MiB of memory`;
}

function startChild(limits: ReadingLimits): ChildProcess {
  const own = fileURLToPath(import.meta.url);
  // Unbuilt it is TypeScript, built it is JavaScript: the neighbour has the same ending.
  const entry = own.replace(/in-child(\.\w+)$/, 'child$1');
  const heap = Math.max(64, Math.floor((HEAP_SHARE * limits.memoryBytes) / MIB));
  const [command, args] = limitedCommand(
    NODE_PATH,
    [
      `--max-old-space-size=${heap}`,
      // Rows are garbage as soon as they are counted: a small nursery keeps what they take small.
      '--max-semi-space-size=4',
      // Else each WebAssembly module reserves addresses beyond any limit.
      '--disable-wasm-trap-handler',
      entry,
    ],
    limits,
  );
  return spawn(command, args, {
    env: { NODE_ENV: 'production', TMPDIR: tmpdir() },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}

/** Resident bytes; 0 where the system does not tell (then only the heap is bounded). */
function memoryOf({ pid }: ChildProcess): number {
  try {
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(kibibytes?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
