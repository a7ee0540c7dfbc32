/** What the bytes say cannot be: they are cut short, or not what they should be. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
}

/** Reads Kafka's primitive types one after another. Every method throws MalformedError beyond the end. */
export class ByteReader {
  readonly bytes: Buffer;
  offset = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get remaining(): number {
    return this.bytes.length - this.offset;
  }

  int8(): number {
    return this.bytes.readInt8(this.forward(1));
  }

  int16(): number {
    return this.bytes.readInt16BE(this.forward(2));
  }

  int32(): number {
    return this.bytes.readInt32BE(this.forward(4));
  }

  /** Offsets, times and producer ids: exact below 2^53, which none of them reaches. */
  int64(): number {
    const at = this.forward(8);
    return this.bytes.readInt32BE(at) * 4_294_967_296 + this.bytes.readUInt32BE(at + 4);
  }

  string(): string {
    return this.slice(this.int16()).toString('utf8');
  }

  /** A view of the next `length` bytes. */
  slice(length: number): Buffer {
    const from = this.forward(length);
    return this.bytes.subarray(from, from + length);
  }

  /** Passes over the next `length` bytes. */
  pass(length: number): void {
    this.forward(length);
  }

  /** Zigzag varint of up to 64 bits. */
  varint(): number {
    // Most take one byte or two.
    const { bytes, offset } = this;
    const first = offset < bytes.length ? (bytes[offset] as number) : 0x80;
    if (first < 0x80) {
      this.offset = offset + 1;
      return (first >>> 1) ^ -(first & 1);
    }
    const second = offset + 1 < bytes.length ? (bytes[offset + 1] as number) : 0x80;
    if (second < 0x80) {
      this.offset = offset + 2;
      const value = (second << 7) | (first & 0x7f);
      return (value >>> 1) ^ -(value & 1);
    }
    return this.longVarint();
  }

  private longVarint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i += 1) {
      const byte = this.bytes[this.offset];
      if (byte === undefined) break;
      this.offset += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      scale *= 128;
    }
    throw new MalformedError('a number does not end');
  }

  /** Bytes behind their length as a varint; null: length -1. */
  varBytes(): Buffer | null {
    const length = this.varint();
    return length === -1 ? null : this.slice(length);
  }

  /** Passes over bytes behind their length. */
  passVarBytes(): void {
    const length = this.varint();
    if (length !== -1) this.forward(length);
  }

  private forward(length: number): number {
    const from = this.offset;
    if (length < 0 || from + length > this.bytes.length) {
      throw new MalformedError(`${length} bytes are announced, ${this.remaining} are left`);
    }
    this.offset = from + length;
    return from;
  }
}
