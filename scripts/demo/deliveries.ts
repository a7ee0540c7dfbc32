import type { ReceivedMail } from '../servers/mailbox.ts';

/** A mail as the summary knows it. */
export interface Arrival {
  /** driftd's key of the message; every attempt to send it carries the same. null: the mail is not driftd's. */
  readonly key: string | null;
  readonly subject: string;
}

/** What became of the stored messages, and what else is in the mailbox. */
export interface Deliveries {
  /** Messages of which a mail arrived; one that was sent again after an unclear answer is one. */
  readonly arrived: number;
  /** Mails beyond the first of their message. */
  readonly again: number;
  /** `driftd send-test`, which anyone may try while the demo runs: it sends past the outbox. */
  readonly tests: number;
  /** Subjects of mails that belong to no message. */
  readonly strange: readonly string[];
}

/** The keys of `driftd send-test`: src/app/notify/send-test.ts. */
const TEST_KEY = /^test-\d+-\d+$/;

export async function arrivalOf(mail: ReceivedMail): Promise<Arrival> {
  const { headers, subject } = await mail.parse();
  const key = headers.get('x-driftd-dedup-key');
  return {
    key: typeof key === 'string' ? key : null,
    subject: subject ?? 'a mail without a subject',
  };
}

/** @param keys of the stored messages */
export function deliveriesOf(keys: Iterable<string>, mails: readonly Arrival[]): Deliveries {
  const stored = new Set(keys);
  const seen = new Set<string>();
  let [again, tests] = [0, 0];
  const strange: string[] = [];
  for (const { key, subject } of mails) {
    if (key !== null && stored.has(key)) {
      if (seen.has(key)) again += 1;
      seen.add(key);
    } else if (key !== null && TEST_KEY.test(key)) tests += 1;
    else strange.push(subject);
  }
  return { arrived: seen.size, again, tests, strange };
}
