import { promisify } from 'node:util';
import { gunzip, zstdDecompress } from 'node:zlib';
import { decompressBlock } from 'lz4js';
import { uncompress } from 'snappyjs';
import { ByteReader, MalformedError } from './byte-reader.ts';

const gunzipBytes = promisify(gunzip);
const zstdBytes = promisify(zstdDecompress);

/** A batch would take more memory than one may. */
export class OutputLimitError extends Error {
  override readonly name = 'OutputLimitError';
}

/**
 * What a producer compressed: gzip (1), snappy (2), lz4 (3) or zstd (4) by the lowest bits of a batch's attributes.
 *
 * @param limit bytes that may come of it
 * @throws OutputLimitError beyond the limit, MalformedError when it cannot be read
 */
export async function decompress(codec: number, bytes: Buffer, limit: number): Promise<Buffer> {
  switch (codec) {
    case 0:
      return bytes;
    case 1:
      return limited(gunzipBytes(bytes, { maxOutputLength: limit }), limit);
    case 2:
      return snappy(bytes, limit);
    case 3:
      return lz4(bytes, limit);
    case 4:
      return limited(zstdBytes(bytes, { maxOutputLength: limit }), limit);
    default:
      throw new MalformedError(`compression ${codec} is unknown`);
  }
}

function beyond(limit: number): OutputLimitError {
  return new OutputLimitError(`more than ${limit} bytes when decompressed`);
}

async function limited(work: Promise<Buffer>, limit: number): Promise<Buffer> {
  try {
    return await work;
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    throw code === 'ERR_BUFFER_TOO_LARGE' ? beyond(limit) : new MalformedError(message);
  }
}

/** Java's stream of blocks (https://github.com/xerial/snappy-java) begins so; other clients write one bare block. */
const XERIAL = Buffer.from('\x82SNAPPY\0', 'latin1');
const XERIAL_HEADER = XERIAL.length + 8;
/** No snappy element makes more than 64 bytes of 3: a block that says it holds more than this is lying. */
const SNAPPY_RATIO = 22;

function snappy(bytes: Buffer, limit: number): Buffer {
  if (!bytes.subarray(0, XERIAL.length).equals(XERIAL)) return snappyBlock(bytes, limit);
  const reader = new ByteReader(bytes);
  reader.slice(XERIAL_HEADER);
  const blocks: Buffer[] = [];
  let size = 0;
  while (reader.remaining > 0) {
    const block = snappyBlock(reader.slice(reader.int32()), limit - size);
    size += block.length;
    blocks.push(block);
  }
  return blocks.length === 1 ? (blocks[0] as Buffer) : Buffer.concat(blocks);
}

function snappyBlock(bytes: Buffer, limit: number): Buffer {
  const size = snappyLength(bytes);
  if (size > limit) throw beyond(limit);
  if (size > bytes.length * SNAPPY_RATIO) throw new MalformedError('a snappy block is cut short');
  try {
    const block = uncompress(bytes, limit);
    return Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  } catch (thrown) {
    throw new MalformedError((thrown as Error).message);
  }
}

function snappyLength(bytes: Buffer): number {
  let size = 0;
  for (let i = 0; i < 5; i += 1) {
    const byte = bytes[i] ?? 0;
    size += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return size;
  }
  throw new MalformedError('a snappy block has no length');
}

const LZ4_MAGIC = 0x184d2204;
const LZ4_UNCOMPRESSED = 0x80000000;
/** One byte of a match length stands for 255 at the most. */
const LZ4_RATIO = 255;

interface Lz4Block {
  readonly from: number;
  readonly length: number;
  readonly compressed: boolean;
}

/** A frame of blocks: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md */
function lz4(bytes: Buffer, limit: number): Buffer {
  const { blocks, blockSize } = lz4Frame(bytes);
  let bound = 0;
  for (const { length, compressed } of blocks) {
    bound += compressed ? Math.min(blockSize, length * LZ4_RATIO) : length;
  }
  const target = Buffer.allocUnsafeSlow(Math.min(bound, limit));
  let size = 0;
  for (const { from, length, compressed } of blocks) {
    if (compressed) size = decompressBlock(bytes, target, from, length, size);
    else size += bytes.copy(target, size, from, from + length);
    if (size > target.length) {
      throw bound > limit ? beyond(limit) : new MalformedError('an lz4 block is too large');
    }
  }
  // The bound is rough: what waits to be counted must not hold on to much more than it needs.
  return size < target.length / 2
    ? Buffer.from(target.subarray(0, size))
    : target.subarray(0, size);
}

function lz4Frame(bytes: Buffer): { blocks: Lz4Block[]; blockSize: number } {
  const little = (at: number): number => {
    if (at + 4 > bytes.length) throw new MalformedError('an lz4 frame is cut short');
    return bytes.readUInt32LE(at);
  };
  if (little(0) !== LZ4_MAGIC) throw new MalformedError('an lz4 frame does not begin as one');
  const flags = bytes[4] ?? 0;
  if (flags >> 6 !== 1) throw new MalformedError('an lz4 frame of another version');
  const blockSize = 2 ** (8 + 2 * (((bytes[5] ?? 0) >> 4) & 7));
  const blockChecksum = (flags & 0x10) === 0 ? 0 : 4;
  const contentSize = (flags & 0x08) === 0 ? 0 : 8;
  const dictionary = (flags & 0x01) === 0 ? 0 : 4;
  const blocks: Lz4Block[] = [];
  let at = 7 + contentSize + dictionary;
  for (;;) {
    const word = little(at);
    at += 4;
    if (word === 0) return { blocks, blockSize };
    const length = word % LZ4_UNCOMPRESSED;
    if (at + length > bytes.length) throw new MalformedError('an lz4 frame is cut short');
    blocks.push({ from: at, length, compressed: word < LZ4_UNCOMPRESSED });
    at += length + blockChecksum;
  }
}
