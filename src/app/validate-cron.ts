import { cronFault } from '../schedule/cron-schedule.ts';

/** What is wrong with a cron expression; null: nothing. The configuration may not know the schedule itself. */
export function validateCron(expression: string): string | null {
  return cronFault(expression);
}
