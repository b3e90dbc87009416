import type { OpenOptions } from '../optimizer/builder/session.ts';
import type { OptimizeOptions } from '../optimizer/passes/pass.ts';
import { pipeline } from '../optimizer/passes/pipeline.ts';
import { UsageError } from './exit.ts';

/** "name=1x3x224x224" options as a record; a lone "1x3x…" is stored under ''. */
export function parseShapes(options: readonly string[]): Record<string, number[]> {
  const out: Record<string, number[]> = {};
  for (const text of options) {
    const at = text.lastIndexOf('=');
    const given = text.slice(at + 1);
    // "keep_prob=scalar": no dimensions.
    const dims =
      at >= 0 && given === 'scalar' ? [] : given.split(/[x×,]/).map((d) => (d === '' ? Number.NaN : Number(d)));
    if (dims.some((d) => !Number.isInteger(d) || d < 0)) {
      throw new UsageError(`--shape ${text}: give NAME=1x3x224x224, whole numbers separated by x, or NAME=scalar`);
    }
    out[at < 0 ? '' : text.slice(0, at)] = dims;
  }
  return out;
}

/** What every command that opens a model takes. */
export interface ModelFlags {
  shape: string[];
  set?: string[];
  weights?: string;
}

export const modelOptions = (flags: ModelFlags): OpenOptions => ({
  shapes: parseShapes(flags.shape),
  ...(flags.set ? { constants: parseConstants(flags.set) } : {}),
  ...(flags.weights === undefined ? {} : { weights: flags.weights }),
});

/** Passes and single applications that are switched off. */
export interface SwitchFlags {
  disable: string[];
  disableFusion: string[];
}

export const parseSwitches = (
  flags: SwitchFlags,
): Required<Pick<OptimizeOptions, 'disabledPasses' | 'disabledApplications'>> => {
  const names = new Set(pipeline.map((p) => p.name));
  const unknown = flags.disable.find((name) => !names.has(name));
  if (unknown !== undefined) throw new UsageError(`there is no pass "${unknown}"; passes are ${[...names].join(', ')}`);
  return { disabledPasses: new Set(flags.disable), disabledApplications: new Set(flags.disableFusion) };
};

/** "name=16000" options: inputs that are always so. */
export function parseConstants(options: readonly string[]): Record<string, number[]> {
  return Object.fromEntries(
    Object.entries(parsePairs('--set', options)).map(([name, text]) => {
      const numbers = text.split(',').map(Number);
      if (text === '' || numbers.some((n) => !Number.isFinite(n)))
        throw new UsageError(`--set ${name}=${text}: give NAME=NUMBER, several separated by commas`);
      return [name, numbers];
    }),
  );
}

export function parsePairs(option: string, values: readonly string[]): Record<string, string> {
  const out: Record<string, string> = {};
  for (const text of values) {
    const at = text.indexOf('=');
    if (at <= 0) throw new UsageError(`${option} ${text}: give NAME=VALUE`);
    out[text.slice(0, at)] = text.slice(at + 1);
  }
  return out;
}

export function parseCount(option: string, text: string, least: number): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < least)
    throw new UsageError(`${option} ${text}: give a whole number of at least ${least}`);
  return n;
}
