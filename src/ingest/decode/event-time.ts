const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
/** Years 1970 to 9999: what Postgres and JavaScript both hold without surprises. */
const LATEST = 253_402_300_799_999;

/** Event time in ms since the epoch from RFC 3339 text with a zone, or epoch milliseconds; null when it is neither. */
export function parseEventTime(value: unknown): number | null {
  const time =
    typeof value === 'number'
      ? Math.floor(value)
      : typeof value === 'string' && RFC3339.test(value)
        ? Date.parse(value)
        : NaN;
  return time >= 0 && time <= LATEST ? time : null;
}
