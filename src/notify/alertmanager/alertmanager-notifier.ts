import { isSystemMessage } from '../../core/alerting/message.ts';
import { alertItems } from '../http/alert-items.ts';
import { createHttpNotifier } from '../http/http-notifier.ts';
import type { HttpChannelOptions, HttpTarget } from '../http/http-notifier.ts';
import type { Notifier } from '../notifier.ts';

/**
 * Alertmanager takes an alert for over at its end, or after a few minutes without one. What fires is pushed again by the
 * next message about it, repeats included, so its end lies beyond the longest usual repeat interval.
 */
const FIRING_FOR_MS = 8 * 86_400_000;

/** A test ends by itself, after it was seen. */
const TEST_FIRING_FOR_MS = 300_000;

export interface AlertmanagerTarget extends HttpTarget {
  /** The longest time until the alert is told of again; ms. */
  readonly repeatIntervalMs?: number;
}

/** Pushes alerts to Alertmanager's API v2, which then routes, groups and silences them as it does everything else. */
export function createAlertmanagerNotifier(
  targets: readonly AlertmanagerTarget[],
  options?: HttpChannelOptions,
): Notifier {
  return createHttpNotifier(
    'alertmanager',
    targets,
    ({ message, target, now }) => {
      const test = isSystemMessage(message) && message.status === 'test';
      const firingFor = test
        ? TEST_FIRING_FOR_MS
        : Math.max(FIRING_FOR_MS, 2 * (target.repeatIntervalMs ?? 0));
      const body = alertItems(message, now).map(
        ({ status, labels, annotations, startsAt, generatorURL }) => ({
          labels,
          annotations,
          // Replayed data has starts of years ago; ends are of now: that is when Alertmanager is told.
          startsAt,
          endsAt: new Date(status === 'firing' ? now + firingFor : now).toISOString(),
          ...(generatorURL === '' ? {} : { generatorURL }),
        }),
      );
      return { url: `${target.url.replace(/\/+$/, '')}/api/v2/alerts`, body, secrets: [] };
    },
    options,
  );
}
