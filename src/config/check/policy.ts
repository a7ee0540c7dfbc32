import { STATISTIC_NAMES } from '../../core/statistic/catalogue.ts';
import { suggestion } from '../document/nearest.ts';
import type { Path } from '../document/problems.ts';
import { judgingOf, resolvePolicy } from '../policy.ts';
import { OPEN_PATTERN } from '../spec/policy.ts';
import type { DeltaConfig } from '../types.ts';
import type { Tell } from './tell.ts';
import type { ValidParts } from './valid-parts.ts';

type Policy = ValidParts['monitors'][number]['value']['policy'];
type Override = Policy['features'][string];
type Model = ValidParts['models'][number]['value'];

/** A monitor's policy with what it says about tiers and features. @param model null: its name is wrong, which is told elsewhere */
export function checkPolicy(path: Path, policy: Policy, model: Model | null, tell: Tell): void {
  checkDeltas(path, policy, null, tell);
  checkStatistics(path, policy, tell);
  const open = OPEN_PATTERN.exec(policy.open);
  if (Number(open?.[1]) > Number(open?.[2])) {
    tell([...path, 'open'], `"${policy.open}" can never be reached, write it like "2 of 3"`);
  }
  const resolved = resolvePolicy(policy);
  for (const tier of ['critical', 'standard'] as const) {
    const override = policy.tiers[tier];
    if (override === undefined) continue;
    const own: Path = [...path, 'tiers', tier];
    checkDeltas(
      own,
      override,
      judgingOf({ ...resolved, features: new Map() }, { name: '', tier }),
      tell,
    );
    checkStatistics(own, override, tell);
  }
  for (const [feature, override] of Object.entries(policy.features)) {
    const own: Path = [...path, 'features', feature];
    const tier = Object.hasOwn(model?.features ?? {}, feature)
      ? (model?.features[feature]?.tier ?? 'standard')
      : 'standard';
    checkDeltas(own, override, judgingOf(resolved, { name: feature, tier }), tell);
    checkStatistics(own, override, tell);
  }
}

/** @param merged what the section comes to with the levels above it; null: it is the outermost */
function checkDeltas(
  path: Path,
  section: Policy | Override,
  merged: { readonly delta: DeltaConfig; readonly shareDelta: DeltaConfig } | null,
  tell: Tell,
): void {
  for (const [key, name] of [
    ['delta', 'delta'],
    ['share_delta', 'shareDelta'],
  ] as const) {
    const written = section[key];
    if (written === undefined) continue;
    const { warning, critical } = { ...merged?.[name], ...written };
    if (warning === undefined || critical === undefined || warning <= critical) continue;
    const above = merged === null ? '' : ', together with what is said one level up';
    tell(
      [...path, key],
      `warning (${warning}) is above critical (${critical})${above}: the smaller effect is the warning`,
    );
  }
}

function checkStatistics(path: Path, section: Policy | Override, tell: Tell): void {
  for (const [statistic, value] of Object.entries(section.fixed ?? {})) {
    const at: Path = [...path, 'fixed', statistic];
    if (!STATISTIC_NAMES.some((name) => name === statistic)) {
      tell(
        at,
        `there is no statistic "${statistic}", ${suggestion(statistic, STATISTIC_NAMES, 'statistics')}`,
      );
    } else if (typeof value !== 'number' && value.warning > value.critical) {
      tell(at, `warning (${value.warning}) is above critical (${value.critical}), exchange them`);
    }
    if (section.off?.includes(statistic) === true) {
      tell(at, `"${statistic}" is switched off by \`off\`, name it in one of the two`);
    }
  }
  section.off?.forEach((statistic, i) => {
    if (section.off?.indexOf(statistic) !== i)
      tell([...path, 'off', i], `"${statistic}" is listed before, name it once`);
  });
}
