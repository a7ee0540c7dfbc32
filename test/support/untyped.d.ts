declare module 'snappyjs' {
  export function compress(bytes: Uint8Array): Uint8Array;
}

declare module 'lz4js' {
  /** One frame. */
  export function compress(bytes: Uint8Array): Uint8Array;
}
