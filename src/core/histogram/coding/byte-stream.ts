/** Bytes that are no histogram of the expected binnings; the message names what is wrong. */
export class HistogramDecodeError extends Error {
  constructor(what: string) {
    super(`histogram bytes: ${what}`);
    this.name = 'HistogramDecodeError';
  }
}

/** Appends numbers to a growing byte array: LEB128 varints of whole numbers to 2^53, little-endian doubles. */
export class ByteWriter {
  private bytes = new Uint8Array(1024);
  private view = new DataView(this.bytes.buffer);
  private size = 0;

  private reserve(more: number): void {
    if (this.size + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.size + more));
    grown.set(this.bytes.subarray(0, this.size));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  get length(): number {
    return this.size;
  }

  /** Begins anew, in the same memory. */
  clear(): void {
    this.size = 0;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.size] = value;
    this.size += 1;
  }

  /** @throws RangeError for anything but a whole number of 0 to 2^53 - 1 */
  varint(value: number): void {
    // Most counts of a bin are below 128.
    if (value >>> 0 === value && value < 0x80) {
      this.byte(value);
      return;
    }
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is no count`);
    this.reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.size] = (rest % 0x80) | 0x80;
      this.size += 1;
      rest = Math.floor(rest / 0x80);
    }
    this.bytes[this.size] = rest;
    this.size += 1;
  }

  double(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.size, value, true);
    this.size += 8;
  }

  uint32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.size, value, true);
    this.size += 4;
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.size);
    this.size += bytes.length;
  }

  /** What has been written, without a copy: valid until the next write. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.size);
  }

  finish(): Uint8Array {
    return this.bytes.slice(0, this.size);
  }
}

/** Reads what ByteWriter wrote; every read is checked against the end. */
export class ByteReader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private at: number;
  private readonly end: number;

  constructor(bytes: Uint8Array, from: number, to: number) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = from;
    this.end = to;
  }

  get position(): number {
    return this.at;
  }

  get remaining(): number {
    return this.end - this.at;
  }

  byte(): number {
    if (this.at >= this.end) throw new HistogramDecodeError('they end too early');
    const value = this.bytes[this.at] as number;
    this.at += 1;
    return value;
  }

  varint(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 8; i += 1) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
      factor *= 0x80;
    }
    throw new HistogramDecodeError('a number is above 2^53');
  }

  double(): number {
    if (this.remaining < 8) throw new HistogramDecodeError('they end too early');
    const value = this.view.getFloat64(this.at, true);
    this.at += 8;
    return value;
  }

  raw(length: number): Uint8Array {
    if (this.remaining < length) throw new HistogramDecodeError('they end too early');
    const slice = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return slice;
  }
}
