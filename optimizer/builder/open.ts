import { symbolsOf } from '../ir/dim.ts';
import type { Tactic } from '../runtime.ts';
import { type Binding, isOpen, type Plan, type PlanLayer } from './plan.ts';

/*
 * Layers whose shapes only running decides: they are planned at assumed sizes, or wait for the kernel that fits when
 * they run.
 */

/** True when any operand's shape is decided by running. */
export const touchesOpen = (plan: Plan, l: PlanLayer, bind: Binding): boolean =>
  [...l.inputs, ...l.outputs].some((v) => v >= 0 && isOpen(plan.values[v]!, bind));

/** The runtime chooses among its kernels when the shapes are known: dense row-major operands, constants as they are. */
export const deferred = (l: PlanLayer): Tactic => ({
  name: '',
  inputLayouts: l.inputs.map(() => 'linear'),
  outputLayouts: l.outputs.map(() => 'linear'),
  workspace: 0,
  packing: l.inputs.map(() => ({ recipe: '', bytes: 0 })),
  inputViews: l.inputs.map(() => 0),
  outputViews: l.outputs.map(() => 0),
  estimate: 2000,
});

/**
 * Marks the layers that decide symbols: those whose output shapes mention one that nothing before them does. `known`
 * grows by the symbols of the plan.
 */
export function markResolved(plan: Plan, known: Set<string>): void {
  const learn = (v: number): boolean => {
    let fresh = false;
    for (const d of plan.values[v]!.shape) {
      for (const s of symbolsOf(d)) {
        if (!known.has(s)) fresh = true;
        known.add(s);
      }
    }
    return fresh;
  };
  for (const b of plan.inputs) if (b.value >= 0) learn(b.value);
  for (const l of plan.layers) {
    const fresh = l.outputs.map(learn).some((x) => x);
    if (fresh && !l.bodies) l.resolve = true;
  }
}

/** Whether a plan or a region of it needs the run-time machinery. */
export function needsRegions(plan: Plan, bind: Binding): boolean {
  return plan.layers.some((l) => l.resolve || l.regions !== undefined || touchesOpen(plan, l, bind));
}
