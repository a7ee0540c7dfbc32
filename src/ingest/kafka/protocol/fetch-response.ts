import { ByteReader } from './byte-reader.ts';
import { FetchedMemory } from './fetched-memory.ts';
import { decodeBatches } from './record-batches.ts';
import type { AbortedTransaction, DecodeBudget, DecodedBatches } from './record-batches.ts';

/** What compressed batches of one response may take; the rest of them is fetched again. */
const RESPONSE_BYTES = 32 * 1024 * 1024;

/**
 * What kafkajs takes for a message: one for all batches of a partition in a response, so that its own filters, made for
 * single messages, have nothing to decide.
 */
export interface FetchedMessage {
  readonly offset: string;
  readonly isControlRecord: false;
  readonly key: null;
  readonly batchContext: object;
  readonly decoded: DecodedBatches;
}

interface FetchedPartition {
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: string;
  readonly lastStableOffset: string;
  readonly abortedTransactions: readonly never[];
  readonly preferredReadReplica?: number;
  readonly messages: readonly FetchedMessage[];
}

export interface FetchResponse {
  /** 0 from version 8 on: the broker has not waited, the client is to. */
  readonly throttleTime: number;
  readonly clientSideThrottleTime?: number;
  readonly errorCode: number;
  readonly sessionId: number;
  readonly responses: readonly {
    readonly topicName: string;
    readonly partitions: readonly FetchedPartition[];
  }[];
}

/**
 * A response to Fetch, versions 4 to 11: https://kafka.apache.org/protocol#The_Messages_Fetch
 * @param bytes from a memory of their own: it is given back when all records of it are released
 * @throws MalformedError when it is cut short
 */
export async function decodeFetchResponse(version: number, bytes: Buffer): Promise<FetchResponse> {
  const reader = new ByteReader(bytes);
  const throttle = reader.int32();
  const errorCode = version >= 7 ? reader.int16() : 0;
  const sessionId = version >= 7 ? reader.int32() : 0;
  const budget: DecodeBudget = { bytes: RESPONSE_BYTES };
  const memory = new FetchedMemory(bytes);
  memory.hold();
  const responses: { topicName: string; partitions: FetchedPartition[] }[] = [];
  for (let topics = reader.int32(); topics > 0; topics -= 1) {
    const topicName = reader.string();
    const partitions: FetchedPartition[] = [];
    for (let left = reader.int32(); left > 0; left -= 1) {
      partitions.push(await decodePartition(version, reader, memory, budget));
    }
    responses.push({ topicName, partitions });
  }
  // Of compressed batches nothing is needed any more.
  memory.letGo();
  return version >= 8
    ? { throttleTime: 0, clientSideThrottleTime: throttle, errorCode, sessionId, responses }
    : { throttleTime: throttle, errorCode, sessionId, responses };
}

async function decodePartition(
  version: number,
  reader: ByteReader,
  memory: FetchedMemory,
  budget: DecodeBudget,
): Promise<FetchedPartition> {
  const partition = reader.int32();
  const errorCode = reader.int16();
  const highWatermark = reader.int64();
  const lastStableOffset = reader.int64();
  if (version >= 5) reader.int64();
  const aborted = abortedTransactions(reader);
  const preferredReadReplica = version >= 11 ? reader.int32() : -1;
  const batches = reader.slice(Math.max(0, reader.int32()));
  // The end of what can be read, as lists of offsets have it too; -1 when the broker was asked for all.
  const logEnd = lastStableOffset < 0 ? highWatermark : lastStableOffset;
  const decoded = await decodeBatches(memory.share(batches), aborted, budget, logEnd);
  return {
    partition,
    errorCode,
    highWatermark: String(highWatermark),
    lastStableOffset: String(lastStableOffset),
    // Done with: kafkajs is to filter nothing.
    abortedTransactions: [],
    ...(version >= 11 ? { preferredReadReplica } : {}),
    messages: decoded === null ? [] : [messageOf(decoded)],
  };
}

function abortedTransactions(reader: ByteReader): AbortedTransaction[] {
  const aborted: AbortedTransaction[] = [];
  for (let left = reader.int32(); left > 0; left -= 1) {
    aborted.push({ producerId: reader.int64(), firstOffset: reader.int64() });
  }
  return aborted;
}

function messageOf(decoded: DecodedBatches): FetchedMessage {
  const offset = String(decoded.to - 1);
  return { offset, isControlRecord: false, key: null, batchContext: {}, decoded };
}
