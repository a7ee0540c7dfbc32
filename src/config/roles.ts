/** What a process does; any subset can run in a process of its own. */
export const ROLES = ['ingest', 'evaluate', 'notify', 'serve'] as const;
export type Role = (typeof ROLES)[number];
