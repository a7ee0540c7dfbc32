/** The places of delivery at which a process can be killed: between any two of them nothing is written or sent. */
export const STEPS = [
  'in the transaction',
  'after the transaction',
  'after leasing',
  'before sending',
  'after sending',
  'after marking',
] as const;
export type Step = (typeof STEPS)[number];

export const RECIPIENTS = [
  { channel: 'email', recipient: 'oncall@example.com' },
  { channel: 'webhook', recipient: 'ops' },
] as const;

/** The dedup key of a transition's message to one recipient. */
export function keyOf(transition: number, channel: string): string {
  return `t${String(transition)}x${channel}`;
}
