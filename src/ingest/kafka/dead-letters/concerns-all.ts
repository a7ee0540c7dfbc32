/** What brokers say of a record and not of its topic, the login or themselves. */
const OF_A_RECORD = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'CORRUPT_MESSAGE',
  'INVALID_TIMESTAMP',
  'POLICY_VIOLATION',
  'INVALID_RECORD',
]);

/**
 * Would any other record have failed alike? So it is with connections that fail, logins, permissions, a topic that is not
 * there; what is not of kafkajs, as of a record that cannot be encoded, is of the record.
 */
export function concernsAll(error: Error): boolean {
  const { cause } = error;
  // Retries that are used up wrap what they tried.
  if (error.name === 'KafkaJSNumberOfRetriesExceeded' && cause instanceof Error)
    return concernsAll(cause);
  if (!error.name.startsWith('KafkaJS')) return false;
  return !('type' in error && OF_A_RECORD.has(String(error.type)));
}
