import type { Dense } from '../tensor.ts';
import type { Net } from './net.ts';
import { COMPUTE } from './oracleCompute.ts';
import { DETECT } from './oracleDetect.ts';
import { ELEMENTS } from './oracleElements.ts';
import { SHAPES } from './oracleShapes.ts';

/** One layer by its definition: bottoms in, tops out, in double precision. */
export type Reference = (l: { p: Params; blobs: readonly Dense[]; tops: number }, x: readonly Dense[]) => Dense[];
export type Params = Readonly<Record<string, unknown>>;

const LAYERS: Readonly<Record<string, Reference>> = { ...COMPUTE, ...DETECT, ...ELEMENTS, ...SHAPES };

/** Runs a network layer by layer; slow, plain and independent of the importer. Returns every name's last value. */
export function runCaffe(net: Net, inputs: Readonly<Record<string, Dense>>): Record<string, Dense> {
  const values: Record<string, Dense> = { ...inputs };
  for (const l of net.layers) {
    const f = LAYERS[l.type];
    if (!f) throw new Error(`the reference does not know ${l.type}`);
    const p = Object.values(l.params)[0] ?? {};
    const out = f(
      { p, blobs: l.blobs, tops: l.top.length },
      l.bottom.map((b) => values[b]!),
    );
    l.top.forEach((t, i) => {
      values[t] = out[i]!;
    });
  }
  return values;
}

export const num = (p: Params, name: string, or: number): number => (p[name] as number | undefined) ?? or;
export const bool = (p: Params, name: string, or: boolean): boolean => (p[name] as boolean | undefined) ?? or;
export const list = (p: Params, name: string): number[] => {
  const v = p[name];
  return v === undefined ? [] : Array.isArray(v) ? (v as number[]) : [v as number];
};
