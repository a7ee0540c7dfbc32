import type { DriftdConfig } from '../../config/types.ts';
import type { DigestLink } from '../../core/alerting/message.ts';

/**
 * The links of the configuration for one monitor: its names stand in for `{model}` and `{monitor}`, encoded. `{feature}` and
 * `{segment}` stay until it is known which one a message tells of.
 */
export function linksOf(
  { notify }: DriftdConfig,
  { name, model }: { readonly name: string; readonly model: string },
): DigestLink[] {
  return notify.links.map(({ label, url }) => ({
    label,
    url: url
      .replaceAll('{model}', () => encodeURIComponent(model))
      .replaceAll('{monitor}', () => encodeURIComponent(name)),
  }));
}
