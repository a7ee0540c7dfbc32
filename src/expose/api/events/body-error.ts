/** What is wrong with a posted body; the message is a sentence for whoever sent it. */
export class BodyError extends Error {
  readonly status: 413 | 422;

  constructor(message: string, status: 413 | 422 = 422) {
    super(message);
    this.status = status;
  }
}
