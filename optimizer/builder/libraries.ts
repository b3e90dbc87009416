import type { NativeRuntime } from '../runtime.ts';
import { BuildError, type Plan, type PlanLayer } from './plan.ts';

/** Libraries of NVIDIA's that can run layers, beside our own kernels. */
export const LIBRARIES = [
  { option: 'CUBLAS_LT', source: 'cublaslt', name: 'cuBLASLt' },
  { option: 'CUDNN', source: 'cudnn', name: 'cuDNN' },
] as const;
export type LibrarySource = (typeof LIBRARIES)[number]['source'];

/** Which libraries may be used, and which are asked all the same, to tell what they would give. */
export interface LibraryPolicy {
  readonly allowed: ReadonlySet<LibrarySource>;
  readonly asked: readonly LibrarySource[];
}
export const NO_LIBRARIES: LibraryPolicy = { allowed: new Set(), asked: [] };

/** The library that a tactic runs: "cublaslt:13.1.0:f16_matmul__42"; undefined for kernels of our own. */
export function libraryOf(tactic: string): { source: LibrarySource; version: string } | undefined {
  const [source, version] = tactic.split(':', 2);
  const known = LIBRARIES.find((l) => l.source === source);
  return known && version !== undefined ? { source: known.source, version } : undefined;
}

const nameOf = (source: LibrarySource): string => LIBRARIES.find((l) => l.source === source)!.name;

/** The libraries that are found here. Throws BuildError naming an allowed one that is not. */
export function libraryPolicy(
  runtime: NativeRuntime,
  device: string,
  allowed: ReadonlySet<LibrarySource>,
  ask: boolean,
): LibraryPolicy {
  if (!device.startsWith('cuda')) {
    if (allowed.size === 0) return NO_LIBRARIES;
    throw new BuildError(`${[...allowed].map(nameOf).join(' and ')} run layers on GPUs only, not on "${device}"`);
  }
  if (allowed.size === 0 && !ask) return NO_LIBRARIES;
  const here = runtime.libraries();
  const problem = (source: LibrarySource): string | undefined => {
    const found = here.find((l) => l.name === nameOf(source));
    return found && found.path !== '' ? undefined : (found?.problem ?? 'this runtime does not know it');
  };
  for (const source of allowed) {
    const why = problem(source);
    if (why !== undefined) throw new BuildError(`${nameOf(source)} is allowed but not here: ${why}`);
  }
  const asked = LIBRARIES.map((l) => l.source).filter((s) => allowed.has(s) || (ask && problem(s) === undefined));
  return { allowed, asked };
}

/** A library that layers of an engine run, as the engine names it. */
export interface LibraryNeed {
  readonly source: string;
  readonly version: string;
}

/** What the tactics of plans need, by source. */
export function librariesOf(plans: readonly Plan[]): LibraryNeed[] {
  const found = new Map<string, LibraryNeed>();
  const visit = (p: Plan): void => {
    for (const l of p.layers) {
      l.regions?.forEach(visit);
      const need = libraryOf(l.tactic?.name ?? '');
      if (need) found.set(need.source, need);
    }
  };
  plans.forEach(visit);
  return [...found.values()].sort((a, b) => (a.source < b.source ? -1 : 1));
}

/** What a library does in a plan, or would do. */
export interface LibraryShare {
  readonly name: string;
  readonly version: string;
  readonly allowed: boolean;
  /** Layers that it runs; where it is not allowed, layers where one of its tactics was faster than the chosen kernel. */
  readonly layers: number;
  /** Nanoseconds by which these layers would be faster, each alone; 0 where it is allowed. */
  readonly saves: number;
}

/** The share of each library that was asked, from the candidates' times. */
export function librarySharesOf(plan: Plan, policy: LibraryPolicy): LibraryShare[] {
  return policy.asked.flatMap((source) => {
    const offers = plan.layers.map((l) => offersOf(l, source));
    const version = offers.flat().map((c) => libraryOf(c.tactic)!.version)[0];
    if (version === undefined) return [];
    const allowed = policy.allowed.has(source);
    const saved = plan.layers.map((l, i) => (allowed ? 0 : savingOf(l, offers[i]!)));
    const runs = plan.layers.filter((l) => libraryOf(l.tactic?.name ?? '')?.source === source).length;
    const layers = allowed ? runs : saved.filter((ns) => ns > 0).length;
    return [{ name: nameOf(source), version, allowed, layers, saves: saved.reduce((a, b) => a + b, 0) }];
  });
}

const offersOf = (l: PlanLayer, source: LibrarySource) =>
  (l.candidates ?? []).filter((c) => libraryOf(c.tactic)?.source === source);

function savingOf(l: PlanLayer, offers: ReturnType<typeof offersOf>): number {
  const chosen = l.candidates?.find((c) => c.status === 'chosen');
  if (!chosen?.time) return 0;
  const times = offers.flatMap((c) => (c.time && c.formats === chosen.formats ? [c.time.median] : []));
  return Math.max(0, chosen.time.median - Math.min(...times, chosen.time.median));
}
