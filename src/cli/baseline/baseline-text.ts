import type {
  BaselineDetail,
  BaselineDiffView,
  BaselineView,
  ShadowView,
  UploadResult,
} from '../../app/baselines/direct.ts';
import { plainText, table } from '../status/table.ts';

const DAY_MS = 86_400_000;

/** Tables of `driftd baseline`, for people. */

export function listText(model: string, versions: readonly BaselineView[]): string {
  if (versions.length === 0)
    return `${plainText(model)} has no baseline; "driftd baseline upload" adds one.\n`;
  const rows = versions.map((view) => [
    view.version,
    stateOf(view),
    view.rows,
    rangeOf(view),
    view.created.slice(0, 16),
    view.provenance,
  ]);
  return `${table(['version', 'state', 'rows', 'of', 'added', 'from'], rows)}\n`;
}

function stateOf({ state, activateAt }: BaselineView): string {
  return activateAt === null ? state : `${state}, active from ${activateAt}`;
}

function rangeOf({ from, to }: BaselineView): string {
  return from === null || to === null ? '-' : `${from.slice(0, 10)}..${to.slice(0, 10)}`;
}

export function detailText(detail: BaselineDetail): string {
  const { features, events, warnings, segments } = detail;
  const rows = features.map(({ feature, kind, role, also, missing, invalid }) => [
    feature,
    kind,
    role,
    missing,
    invalid,
    also.length === 0 ? 'the one in use' : 'its own, and the one before',
  ]);
  return [
    listText(detail.model, [detail]),
    `Fingerprint: ${detail.fingerprint}`,
    `Segments: ${segments.length === 0 ? 'none' : segments.map(plainText).join(', ')}`,
    '',
    table(['feature', 'kind', 'role', 'missing', 'invalid', 'binning'], rows),
    '',
    ...warnings.map((text) => `Warning: ${plainText(text)}`),
    ...events.map(
      ({ at, action, actor, reason }) =>
        `${at}  ${action} by ${plainText(actor)}${reason === '' ? '' : `: ${plainText(reason)}`}`,
    ),
    '',
  ].join('\n');
}

export function diffText(diff: BaselineDiffView): string {
  const rows = diff.features.map(({ feature, kind, change, psi, ks, before, after, verdict }) => [
    feature,
    kind,
    number(psi),
    ks === null ? '-' : `${ks.low.toFixed(3)}..${ks.high.toFixed(3)}`,
    `${number(before?.quantiles?.[3] ?? null)} > ${number(after?.quantiles?.[3] ?? null)}`,
    `${percent(before?.missing)} > ${percent(after?.missing)}`,
    change === 'none' ? '' : change,
    verdict ?? '-',
  ]);
  const changes = diff.features.flatMap(({ feature, change, categories }) =>
    change === 'different' && categories.length > 0
      ? [
          `${plainText(feature)}: ${categories
            .slice(0, 5)
            .map((c) => `${plainText(c.category)} ${percent(c.before)} > ${percent(c.after)}`)
            .join(', ')}`,
        ]
      : [],
  );
  const header = ['feature', 'kind', 'PSI', 'KS', 'median', 'missing', 'change', 'as a window'];
  return [
    `${plainText(diff.model)}: version ${diff.after} against version ${diff.before}`,
    '',
    table(header, rows),
    '',
    ...changes,
    `Different: ${namesOf(diff.different)}`,
    `Added: ${namesOf(diff.added)}`,
    `Removed: ${namesOf(diff.removed)}`,
    '',
  ].join('\n');
}

function number(value: number | null): string {
  if (value === null) return '-';
  return Math.abs(value) >= 1_000 ? value.toPrecision(4) : value.toFixed(3);
}

function percent(share: number | undefined): string {
  return share === undefined ? '-' : `${(share * 100).toFixed(1)}%`;
}

function namesOf(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.map(plainText).join(', ');
}

export function shadowText(runs: readonly ShadowView[]): string {
  if (runs.length === 0) return 'No monitor watches this model.\n';
  return runs
    .map(({ monitor, version, summary, alertDays, alerts, notComparable, thinned }) =>
      [
        `${plainText(monitor)}: version ${version} ${plainText(summary)}`,
        ...(alertDays.length === 0
          ? []
          : [
              `  An alert would have been open on ${daysInWords(alertDays)}. Announced, at the end of its window:`,
            ]),
        ...alerts.map(
          ({ at, feature, segment, severity }) =>
            `  ${at}  ${severity}  ${plainText(feature)}${segment === 'all' ? '' : ` [${plainText(segment)}]`}`,
        ),
        ...(notComparable === 0 ? [] : [`  ${notComparable} windows could not be compared`]),
        ...(thinned ? ['  Of each day only the last evaluation was made.'] : []),
        '',
      ].join('\n'),
    )
    .join('');
}

/** "2024-01-02 to 2024-01-04, 2024-01-09" @param days ascending */
function daysInWords(days: readonly string[]): string {
  const runs: { first: string; last: string }[] = [];
  for (const day of days) {
    const run = runs.at(-1);
    if (run !== undefined && Date.parse(day) - Date.parse(run.last) === DAY_MS) run.last = day;
    else runs.push({ first: day, last: day });
  }
  return runs
    .map(({ first, last }) => plainText(first === last ? first : `${first} to ${last}`))
    .join(', ');
}

export function uploadText({ baseline, known, rows, warnings }: UploadResult): string {
  const lines = warnings.map(({ text }) => `Warning: ${plainText(text)}`);
  if (baseline === null) lines.push(`${rows} rows make a baseline; nothing was stored.`);
  else {
    const { model, version, state } = baseline;
    lines.push(
      known
        ? `This is version ${version} of ${plainText(model)} already, ${state}.`
        : `${rows} rows are version ${version} of ${plainText(model)}, ${state}.`,
    );
    if (state === 'candidate')
      lines.push(`Next: driftd baseline shadow ${plainText(model)} ${version}`);
  }
  return `${lines.join('\n')}\n`;
}
