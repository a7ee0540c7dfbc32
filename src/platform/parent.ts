/**
 * The one task of a process that another has started for it: it is told a request, tells how far it is, and ends with an
 * answer. Ends too when the parent goes.
 */
export function workForParent<Request, Answer>(
  work: (request: Request, tell: (answer: Answer) => void) => Promise<Answer>,
): void {
  process.once('message', (request: Request) => {
    const tell = (answer: Answer): void => {
      process.send?.(answer);
    };
    // The channel is closed when the answer is through: what is not sent yet would be lost.
    void work(request, tell).then((answer) =>
      process.send?.(answer, undefined, undefined, () => {
        process.disconnect();
      }),
    );
  });
  process.once('disconnect', () => process.exit());
}
