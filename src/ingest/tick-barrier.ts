import type { TickGate } from '../storage/tick-gate.ts';
import { sleep } from '../platform/clock.ts';
import { toError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import type { PartitionCounting } from './counting.ts';
import type { FrameList } from './decoder.ts';

const POLL_MS = 25;

/** An event-clock model whose watermark in the partition has reached a due tick. */
export interface Boundary {
  readonly modelId: number;
  readonly watermark: number;
}

/** Keeps a partition from passing a due tick of an event-clock monitor before it is evaluated. */
export class TickBarrier {
  private readonly gate: TickGate;
  private readonly log: Log;
  private readonly next = new Map<number, number | null>();

  constructor(gate: TickGate, log: Log) {
    this.gate = gate;
    this.log = log;
  }

  /** Ticks that an earlier owner of the partition reached, but perhaps did not wait for. */
  reachedBefore(counting: PartitionCounting): Boundary[] {
    this.next.clear();
    const reached: Boundary[] = [];
    for (const modelId of counting.models()) {
      const watermark = counting.watermark(modelId);
      if (watermark === null || this.gate.nextDue(modelId, watermark) === null) continue;
      reached.push({ modelId, watermark });
    }
    return reached;
  }

  /** The tick that these events, just counted, take their model to; null: none. */
  reached(counting: PartitionCounting, frames: FrameList): Boundary | null {
    for (let i = 0; i < frames.length; i += 1) {
      const modelId = frames.at(i).schema?.modelId ?? -1;
      let due = this.next.get(modelId);
      if (due === null) continue;
      const watermark = counting.watermark(modelId);
      if (watermark === null) continue;
      if (due === undefined) {
        // The model's first event in this partition: ticks before it are nobody's.
        due = this.gate.nextDue(modelId, watermark - 1);
        this.next.set(modelId, due);
      }
      if (due !== null && watermark >= due) return { modelId, watermark };
    }
    return null;
  }

  /** Waits until the ticks up to there are evaluated. @returns false when the signal came first */
  async wait({ modelId, watermark }: Boundary, signal: AbortSignal): Promise<boolean> {
    for (;;) {
      if (signal.aborted) return false;
      try {
        if (await this.gate.settled(modelId, watermark)) break;
      } catch (thrown) {
        this.log.warn({ err: toError(thrown) }, 'asking whether a tick is evaluated failed');
      }
      await sleep(POLL_MS, signal);
    }
    this.next.set(modelId, this.gate.nextDue(modelId, watermark));
    return true;
  }
}
