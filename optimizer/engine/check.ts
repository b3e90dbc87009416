import { findDtype } from '../ir/dtype.ts';
import type {
  DimExprMessage,
  EngineMessage,
  LayerMessage,
  PlanMessage,
  RegionMessage,
  ValueMessage,
} from './messages.ts';

/** A file that is no engine, or none that this version reads: one sentence. */
export class EngineFileError extends Error {
  override readonly name = 'EngineFileError';
}

class Inconsistent extends Error {}

/**
 * What is wrong with the indices of a decoded header, in a few words; null when everything that it refers to is there. The
 * native runtime checks more (native/core/engine_checks.cpp): this is what reading a header here relies on.
 */
export function headerProblem(e: EngineMessage): string | null {
  try {
    new Check(e).engine();
    return null;
  } catch (error) {
    if (error instanceof Inconsistent) return error.message;
    throw error;
  }
}

class Check {
  private readonly e: EngineMessage;
  constructor(e: EngineMessage) {
    this.e = e;
  }

  engine(): void {
    if (!this.e.provenance) throw new Inconsistent('it does not say what it was built from');
    for (const p of [this.e, ...this.e.profiles.flatMap((x) => x.plan ?? [])]) this.plan(p);
    for (const p of this.e.profiles) {
      if (p.plan && p.plan.inputs.length !== this.e.inputs.length) throw new Inconsistent('a profile has other inputs');
    }
  }

  private plan(p: PlanMessage | EngineMessage): void {
    if (!p.memory) throw new Inconsistent('it has no memory plan');
    this.values(p.values);
    for (const b of [...p.inputs, ...p.outputs]) {
      if (!p.values[b.value]) throw new Inconsistent(`binding "${b.name}" refers to a missing value`);
    }
    for (const l of p.layers) this.layer(l, p.values);
  }

  private values(values: readonly ValueMessage[]): void {
    values.forEach((v, i) => {
      const name = v.name ? `value "${v.name}"` : `value ${i}`;
      if (!findDtype(v.dtype)) throw new Inconsistent(`${name} has the unknown element type ${v.dtype}`);
      for (const d of v.shape) this.dim(d);
      if (v.weight !== undefined && !this.e.weights[v.weight]) throw new Inconsistent(`${name} uses a missing weight`);
      // A chain of views that is longer than the list runs in a circle.
      let at: ValueMessage | undefined = v;
      for (let steps = 0; at?.view; steps++) {
        if (steps > values.length) throw new Inconsistent(`${name} is a view of itself`);
        at = values[at.view.of];
      }
      if (!at) throw new Inconsistent(`${name} is a view of a missing value`);
    });
  }

  private layer(l: LayerMessage, values: readonly ValueMessage[]): void {
    const missing = (i: number): boolean => i !== -1 && !values[i];
    if (l.inputs.some(missing)) throw new Inconsistent(`layer "${l.name}" reads a missing value`);
    if (l.outputs.some(missing)) throw new Inconsistent(`layer "${l.name}" writes a missing value`);
    if (l.sources.some((s) => !this.e.sources[s]))
      throw new Inconsistent(`layer "${l.name}" names a missing source operator`);
    for (const d of l.dims ?? []) this.dim(d);
    for (const r of l.regions ?? []) this.region(r);
  }

  private region(r: RegionMessage): void {
    this.values(r.values);
    if (r.inputs.some((i) => i !== -1 && !r.values[i]) || r.outputs.some((i) => !r.values[i]))
      throw new Inconsistent('a region is bound to a missing value');
    for (const l of r.layers) this.layer(l, r.values);
  }

  private dim(d: DimExprMessage): void {
    if (d.kind === 1 && this.e.symbols[d.value ?? 0] === undefined)
      throw new Inconsistent(`a shape uses symbol ${d.value ?? 0}, which is missing`);
    for (const a of d.args ?? []) this.dim(a);
  }
}
