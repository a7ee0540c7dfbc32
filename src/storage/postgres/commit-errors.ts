/** SQLSTATE classes that pass by themselves: the same transaction may be tried again (docs/reliability.md, step 7). */
const PASSING = [
  /^40001$/,
  /^40P01$/,
  /^55P03$/,
  /^57014$/,
  /^53/,
  /^25006$/,
  /^25P0[34]$/,
  /^57P0/,
  /^08/,
];

/** What node-postgres puts on errors. */
interface DatabaseError extends Error {
  readonly code?: string;
  readonly severity?: string;
}

/** Did the server say this itself (rather than the connection)? */
function isServerError(error: Error): boolean {
  const { code, severity } = error as DatabaseError;
  return severity !== undefined && code !== undefined && /^[0-9A-Z]{5}$/.test(code);
}

/**
 * Did the server refuse, and live on? Then nothing was written. When the connection or the server is going (08, 57P0x),
 * a COMMIT under way may have happened or not.
 */
export function isRefusal(error: Error): boolean {
  return isServerError(error) && !/^(57P0|08)/.test((error as DatabaseError).code ?? '');
}

/**
 * Does the server only read: a standby, or a primary that has become one? Its connection leads nowhere any more, though
 * it works; a new one may lead to the server that writes.
 */
export function isReadOnly(error: Error): boolean {
  return (error as DatabaseError).code === '25006';
}

/** The day that a row belongs to has no partition (any more). */
function isMissingPartition(error: Error): boolean {
  return (error as DatabaseError).code === '23514' && error.message.includes('no partition');
}

/** Worth trying again: a passing server condition, or no connection at all. */
export function isPassing(error: Error): boolean {
  if (!isServerError(error)) return isConnectionError(error);
  const code = (error as DatabaseError).code ?? '';
  return isMissingPartition(error) || PASSING.some((pattern) => pattern.test(code));
}

const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

function isConnectionError(error: Error): boolean {
  if (CONNECTION_CODES.has((error as DatabaseError).code ?? '')) return true;
  return /connection terminated|timeout|not queryable|client has encountered a connection error/i.test(
    error.message,
  );
}
