/** This program, for whoever starts another one like it. */
export const NODE_PATH: string = process.execPath;

/** Memory that this container may take, bytes; 0 or more than any machine has: it is not bounded. */
export function containerMemory(): number {
  return process.constrainedMemory();
}
