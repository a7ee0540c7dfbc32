import { parse } from 'yaml';
import { z } from 'zod';

import { DEFAULT_POLICY } from '../core/evaluate/types.ts';
import type { EvaluationPolicy } from '../core/evaluate/types.ts';
import { PSI_MODES } from '../core/statistic/psi.ts';
import { DriftdError, toError } from '../platform/errors.ts';
import { readTextFile } from '../platform/files.ts';

const MAX_POLICY_BYTES = 65_536;
const share = z.number().gt(0).lt(1);
const delta = z.strictObject({ warning: share, critical: share }).partial();

/** The keys of a monitor's policy that one comparison can use, as in the configuration. */
const SPEC = z
  .strictObject({
    alert_budget_per_day: z.number().gt(0).max(100),
    delta,
    share_delta: delta,
    alpha: share,
    min_samples: z.int().min(1),
    psi_mode: z.enum(PSI_MODES),
    design_effect: z.union([z.literal('baseline'), z.literal('none'), z.number().min(1)]),
  })
  .partial();

/**
 * The default policy with what the options say: a YAML file, or `key=value` with a dotted key (`delta.warning=0.1`).
 * @throws DriftdError INPUT_UNREADABLE | INPUT_INVALID
 */
export async function readPolicy(written: readonly string[]): Promise<EvaluationPolicy> {
  let policy = DEFAULT_POLICY;
  for (const text of written) {
    const at = text.indexOf('=');
    const data = at < 0 ? await fromFile(text) : nested(text.slice(0, at), text.slice(at + 1));
    const checked = SPEC.safeParse(data);
    if (!checked.success) throw invalid(text, z.prettifyError(checked.error));
    policy = merged(policy, checked.data);
    for (const both of [policy.delta, policy.shareDelta]) {
      if (both.critical < both.warning) {
        throw invalid(text, 'the critical delta is below the warning delta; raise it, too');
      }
    }
  }
  return policy;
}

function merged(policy: EvaluationPolicy, spec: z.infer<typeof SPEC>): EvaluationPolicy {
  const both = (
    old: EvaluationPolicy['delta'],
    given: z.infer<typeof delta> | undefined,
  ): EvaluationPolicy['delta'] => ({
    warning: given?.warning ?? old.warning,
    critical: given?.critical ?? old.critical,
  });
  return {
    ...policy,
    alertBudgetPerDay: spec.alert_budget_per_day ?? policy.alertBudgetPerDay,
    delta: both(policy.delta, spec.delta),
    shareDelta: both(policy.shareDelta, spec.share_delta),
    alpha: spec.alpha ?? policy.alpha,
    minSamples: spec.min_samples ?? policy.minSamples,
    psiMode: spec.psi_mode ?? policy.psiMode,
    designEffect: spec.design_effect ?? policy.designEffect,
  };
}

async function fromFile(path: string): Promise<unknown> {
  const file = await readTextFile(path, MAX_POLICY_BYTES);
  if (!file.ok) throw new DriftdError('INPUT_UNREADABLE', `--policy ${path}: ${file.reason}`);
  try {
    return parse(file.text) as unknown;
  } catch (thrown) {
    throw invalid(path, toError(thrown).message);
  }
}

function nested(key: string, value: string): unknown {
  const number = Number(value);
  const leaf = value.trim() !== '' && Number.isFinite(number) ? number : value;
  return key.split('.').reduceRight<unknown>((inner, part) => ({ [part]: inner }), leaf);
}

function invalid(where: string, reason: string): DriftdError {
  return new DriftdError('INPUT_INVALID', `--policy ${where}: ${reason}`);
}
