import type { EngineMessage } from './messages.ts';
import { evaluateDim } from './profile/layers.ts';

/** The header with the plan of one optimization profile as its own. Throws RangeError when there is no such profile. */
export function engineAt(header: EngineMessage, profile: number): EngineMessage {
  checkProfile(header, profile);
  const plan = header.profiles[profile]?.plan;
  return plan ? { ...header, ...plan } : header;
}

export const profileCount = (header: EngineMessage): number => Math.max(1, header.profiles.length);

function checkProfile(header: EngineMessage, profile: number): void {
  const count = profileCount(header);
  if (Number.isInteger(profile) && profile >= 0 && profile < count) return;
  throw new RangeError(`there is no optimization profile ${profile}; the engine has ${count}, counted from 0`);
}

/** What an input may be in one profile. */
export interface InputRange {
  readonly name: string;
  readonly min: readonly number[];
  readonly opt: readonly number[];
  readonly max: readonly number[];
}

/** The shapes of the inputs at the ends of a profile, and those that kernels were chosen at. */
export function inputRanges(header: EngineMessage, profile: number): InputRange[] {
  checkProfile(header, profile);
  const ranges = header.profiles[profile]?.ranges ?? [];
  return header.inputs.map(({ name, value }) => {
    const at = (end: 'min' | 'opt' | 'max'): number[] => {
      const sizes = header.symbols.map((_, i) => ranges[i]?.[end] ?? 1);
      return header.values[value]!.shape.map((d) => evaluateDim(d, sizes));
    };
    return { name, min: at('min'), opt: at('opt'), max: at('max') };
  });
}

/** True where some input's size is open in some profile. */
export const isDynamic = (header: EngineMessage): boolean =>
  header.inputs.some(({ value }) => header.values[value]!.shape.some((d) => d.kind !== 0));

/** "1×16 … 1×64 … 4×128", or the one shape that it always has. */
export function inputRangeText(r: InputRange): string {
  const [min, opt, max] = [r.min, r.opt, r.max].map((d) => (d.length === 0 ? 'scalar' : d.join('×')));
  return min === max ? min! : `${min} … ${opt} … ${max}`;
}
