import { DTYPES_BY_BITS, dtypeName } from './dtypes.ts';
import type { ComparedLayer, ComparedProfile } from './profile.ts';
import type { Cause } from './slower.ts';
import { bytesText, percentText, plural, rateText } from './text.ts';

/** The layers that one engine runs for a group, and the device's ceilings. */
export interface Side {
  readonly layers: readonly ComparedLayer[];
  readonly profile: Pick<ComparedProfile, 'ceilings' | 'device'>;
  /** Element type of the fewest bits that the engine computes in: what it was asked for. */
  readonly dtype: string;
}

const ON_CPU = 'cpu:';
/** Instruction sets of kernel names, least first. */
const SETS = ['scalar', 'avx2', 'avx512', 'vnni', 'bf16', 'amx'] as const;

const sum = (layers: readonly ComparedLayer[], of: (l: ComparedLayer) => number): number =>
  layers.reduce((n, l) => n + of(l), 0);
const rateOf = ({ profile: { ceilings } }: Side, dtype: string): number =>
  ceilings?.flops.find((f) => f.dtype === dtype)?.rate ?? 0;
const isWinograd = (l: ComparedLayer): boolean => l.tactic.includes('winograd');
const setOf = (l: ComparedLayer): number =>
  Math.max(...SETS.map((set, i) => (l.tactic.includes(`__${set}`) ? i : -1)), -1);
const widthOf = (l: ComparedLayer): number => DTYPES_BY_BITS.indexOf(l.dtype);
const names = (layers: readonly ComparedLayer[]): string => layers.map((l) => l.name).join(', ');

/** A layer that an engine of another device runs on the CPU. */
export const onCpu = (l: ComparedLayer): boolean => l.tactic.startsWith(ON_CPU);

/** Share of the time that the ceilings leave as necessary. */
function reached(layers: readonly ComparedLayer[]): number | null {
  if (layers.some((l) => l.roof === null)) return null;
  const time = sum(layers, (l) => l.median);
  return time > 0 ? sum(layers, (l) => l.roof ?? 0) / time : null;
}

/** Whether moving its bytes alone takes longer than its arithmetic would. */
function isMemoryBound(side: Side): boolean {
  const { ceilings } = side.profile;
  if (!ceilings || ceilings.bandwidth <= 0) return false;
  const seconds = side.layers.map((l) => l.flops / (rateOf(side, l.dtype) || rateOf(side, 'float32') || 1));
  return sum(side.layers, (l) => l.bytes) / ceilings.bandwidth > seconds.reduce((a, b) => a + b, 0);
}

type Rule = (before: Side, after: Side) => string | null;

const fallback: Rule = (before, after) => {
  const there = after.layers.filter(onCpu);
  if (there.length === 0 || before.layers.some(onCpu)) return null;
  return `The GPU has no kernel for ${names(there)}: it runs on the CPU, its operands copied there and back.`;
};

const fusion: Rule = (before, after) => {
  if (after.layers.length <= before.layers.length) return null;
  return `${plural(after.layers.length, 'kernel')} where ${before.layers.length === 1 ? 'one' : before.layers.length} did it all: ${names(after.layers)} are not fused here.`;
};

/** Asked for in fewer bits, and computed in as many as before all the same, or in more. */
const precision: Rule = (before, after) => {
  if (before.dtype === after.dtype) return null;
  const was = Math.min(...before.layers.map(widthOf));
  if (!after.layers.every((l) => l.dtype !== after.dtype && widthOf(l) >= was)) return null;
  const [old, now] = [before.layers[0]!, after.layers[0]!];
  const type = dtypeName(now.dtype);
  if (old.dtype !== now.dtype)
    return `No ${dtypeName(after.dtype)} kernel was taken for it: it computes in ${type}, before in ${dtypeName(old.dtype)}.`;
  const other =
    old.tactic === now.tactic ? '' : `, with ${now.tactic} instead of ${old.tactic} for its neighbours' layouts`;
  return `No ${dtypeName(after.dtype)} kernel was taken for it: it computes in ${type} as before${other}.`;
};

const winograd: Rule = (before, after) =>
  before.layers.some(isWinograd) && !after.layers.some(isWinograd)
    ? `In ${dtypeName(before.layers.find(isWinograd)!.dtype)} Winograd's algorithm does it with a quarter to a half of the multiplications; in ${dtypeName(after.layers[0]?.dtype ?? '')} there is no such kernel.`
    : null;

const instructions: Rule = (before, after) => {
  const [was, is] = [before, after].map((s) => Math.min(...s.layers.map(setOf))) as [number, number];
  if (is < 0 || was <= is) return null;
  if (is === 0)
    return `Only the scalar reference (${after.layers.find((l) => setOf(l) === 0)!.tactic}) runs it in this form.`;
  return `Its kernel uses ${SETS[is]!.toUpperCase()}, the one before ${SETS[was]!.toUpperCase()}.`;
};

const arithmetic: Rule = (before, after) => {
  const [was, is] = [before.layers[0]?.dtype ?? '', after.layers[0]?.dtype ?? ''];
  const [old, now] = [rateOf(before, was), rateOf(after, is)];
  if (was === is || old <= 0 || now <= 0 || now > 1.3 * old || isMemoryBound(after)) return null;
  const text = (rate: number): string => rateText(rate, 1e9, 'OP/s');
  return `This device multiplies ${dtypeName(is)} no faster than ${dtypeName(was)} (${text(now)} and ${text(old)}).`;
};

const memory: Rule = (before, after) => {
  const [was, is] = [sum(before.layers, (l) => l.bytes), sum(after.layers, (l) => l.bytes)];
  if (was <= 0 || is < 0.9 * was || !isMemoryBound(after)) return null;
  const much = is > 1.1 * was ? 'more bytes than' : 'as many bytes as';
  return `It waits for memory, and moves ${much} before (${bytesText(is)}, before ${bytesText(was)}).`;
};

const small: Rule = (before, after) => {
  const [was, is] = [reached(before.layers), reached(after.layers)];
  if (was === null || is === null || was > 0.15 || is > 0.15) return null;
  return `There is too little work in it to fill the device: ${percentText(is)} of the ceilings, ${percentText(was)} before.`;
};

const RULES: readonly (readonly [Cause['kind'], Rule, boolean])[] = [
  ['fallback', fallback, true],
  ['fusion', fusion, true],
  ['precision', precision, true],
  ['winograd', winograd, false],
  ['instructions', instructions, false],
  ['arithmetic', arithmetic, false],
  ['memory', memory, false],
  ['small', small, false],
];

/** Why a group's kernels take longer than before; on another device only what does not compare the two. Never empty. */
export function kernelCauses(before: Side, after: Side): Cause[] {
  const same = before.profile.device.name === after.profile.device.name;
  const lost = sum(after.layers, (l) => l.median) - sum(before.layers, (l) => l.median);
  const found = RULES.flatMap(([kind, rule, anywhere]): Cause[] => {
    const text = same || anywhere ? rule(before, after) : null;
    return text === null ? [] : [{ kind, text, time: lost }];
  });
  // What else is true of it does not cost that time once more.
  if (found.length > 0) return found.map((c, i) => (i === 0 ? c : { ...c, time: 0 }));
  if (!same) return [{ kind: 'device', text: `It runs on another device, ${after.profile.device.name}.`, time: lost }];
  const [was, is] = [reached(before.layers), reached(after.layers)];
  const shares = was === null || is === null ? '' : `: ${percentText(is)} of its ceilings, ${percentText(was)} before`;
  return [{ kind: 'kernel', text: `Its kernel makes less of the device${shares}.`, time: lost }];
}
