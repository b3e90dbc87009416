import { RuntimeFailure } from '../runtime.ts';
import type { Plan, PlanLayer } from './plan.ts';

/**
 * Kernels that turn out not to compile while the engine is written. The build begins again without them; where timing
 * chose the tactics it has met them before, so this is for builds by estimates.
 */
export class BrokenKernels {
  private readonly reasons = new Map<string, string>();
  private noted: unknown = null;

  /** Why the layer cannot have the tactic; undefined when nothing speaks against it. */
  readonly reason = (layer: PlanLayer, tactic: string): string | undefined =>
    this.reasons.get(`${layer.name}\n${tactic}`);

  /** Takes a failure of writing an engine of this plan; what it does not understand it leaves alone. */
  note(plan: Plan, failure: unknown): void {
    if (!(failure instanceof RuntimeFailure) || failure.code !== 'kernel') return;
    for (const l of allLayers(plan)) {
      const key = `${l.name}\n${l.tactic?.name}`;
      const sentence = `kernel "${l.tactic?.name}" of layer "${l.name}" does not compile`;
      if (this.reasons.has(key) || !failure.message.includes(sentence)) continue;
      this.reasons.set(key, failure.message.split('\n')[0]!);
      this.noted = failure;
    }
  }

  /** Whether the failure is one that another attempt gets around. */
  noteworthy(failure: unknown): boolean {
    return failure !== null && failure === this.noted;
  }
}

function allLayers(plan: Plan): PlanLayer[] {
  return plan.layers.flatMap((l) => [l, ...(l.regions ?? []).flatMap(allLayers)]);
}
