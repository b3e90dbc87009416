import type { SkipReason } from './skips.ts';

export interface CaseResult {
  readonly name: string;
  readonly operators: readonly string[];
  readonly skip: SkipReason | null;
  /** Why it failed; null when it passed (or was skipped). */
  readonly reason: string | null;
  readonly layers: readonly string[];
  readonly types: readonly string[];
  readonly onHost: readonly string[];
}

export interface OperatorRow {
  readonly operator: string;
  passed: number;
  failed: number;
  skipped: number;
}

export interface Report {
  readonly device: string;
  readonly optimize: boolean;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Of the cases that pass on a GPU: those in which it runs every layer, and those in which the CPU runs some. */
  readonly onGpu?: { readonly natively: number; readonly withHost: number };
  /** A case counts for every operator in it. */
  readonly operators: readonly OperatorRow[];
  readonly failures: readonly { readonly name: string; readonly reason: string }[];
  readonly cases: readonly CaseResult[];
  readonly skips: readonly { readonly name: string; readonly reason: SkipReason }[];
}

export function reportOf(cases: readonly CaseResult[], device: string, optimize: boolean): Report {
  const rows = new Map<string, OperatorRow>();
  for (const c of cases) {
    for (const operator of c.operators) {
      const row = rows.get(operator) ?? { operator, passed: 0, failed: 0, skipped: 0 };
      rows.set(operator, row);
      if (c.skip !== null) row.skipped++;
      else if (c.reason !== null) row.failed++;
      else row.passed++;
    }
  }
  const failures = cases.flatMap((c) =>
    c.skip === null && c.reason !== null ? [{ name: c.name, reason: c.reason }] : [],
  );
  const skips = cases.flatMap((c) => (c.skip === null ? [] : [{ name: c.name, reason: c.skip }]));
  const good = cases.filter((c) => c.skip === null && c.reason === null);
  const natively = good.filter((c) => c.onHost.length === 0).length;
  return {
    device,
    optimize,
    ...(device === 'cpu' ? {} : { onGpu: { natively, withHost: good.length - natively } }),
    passed: cases.length - failures.length - skips.length,
    failed: failures.length,
    skipped: skips.length,
    operators: [...rows.values()].sort((a, b) => (a.operator < b.operator ? -1 : 1)),
    failures,
    cases: cases.map(({ name, operators, skip, reason, layers, types, onHost }) => ({
      name,
      operators,
      skip,
      reason,
      layers,
      types,
      onHost,
    })),
    skips,
  };
}

/** The report for people: a line per operator, then every failure with its reason. */
export function tableText(r: Report): string {
  const lines = ['operator                        passed  failed  skipped'];
  for (const o of r.operators) {
    const cell = (n: number): string => (n === 0 ? '' : String(n)).padStart(8);
    lines.push(`${o.operator.padEnd(30)}${cell(o.passed)}${cell(o.failed)}${cell(o.skipped).padStart(9)}`);
  }
  if (r.onGpu) {
    const { natively, withHost } = r.onGpu;
    lines.push('', `${natively} cases run on the GPU alone, ${withHost} with layers that the CPU runs for it`);
    const kinds = new Map<string, number>();
    for (const c of r.cases) if (c.reason === null) for (const op of c.onHost) kinds.set(op, (kinds.get(op) ?? 0) + 1);
    const most = [...kinds].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    if (most.length > 0) lines.push(`on the CPU: ${most.map(([op, n]) => `${op} (${n})`).join(', ')}`);
  }
  if (r.failures.length > 0) lines.push('');
  for (const f of r.failures) lines.push(`failed  ${f.name}: ${f.reason}`);
  if (r.skips.length > 0) lines.push('');
  for (const s of r.skips) lines.push(`skipped ${s.name}: ${s.reason}`);
  return `${lines.join('\n')}\n`;
}
