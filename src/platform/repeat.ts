/**
 * Does `work` again and again, `everyMs` after the end of each time. It must not reject: what fails is its own to tell.
 * @returns ends it, once the work that is under way is done
 */
export function repeat(work: () => Promise<void>, everyMs: number): () => Promise<void> {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  function next(): void {
    if (stopped) return;
    timer = setTimeout(() => {
      running = work().finally(next);
    }, everyMs);
  }
  next();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await running;
  };
}
