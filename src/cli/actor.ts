import { userInfo } from 'node:os';

/** Whoever sits at this terminal, for the audit. */
export function actor(): { readonly name: string; readonly requestId: null } {
  let user = 'unknown';
  try {
    user = userInfo().username;
  } catch {
    // A container may run a user that has no name.
  }
  return { name: `command line (${user.slice(0, 128)})`, requestId: null };
}
