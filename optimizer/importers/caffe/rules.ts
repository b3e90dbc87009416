import type { LayerParameter, NetStateRule } from './messages.ts';

const TEST = 1;

/** Whether a rule holds for inference: phase TEST, level 0, no stages. */
function holds(rule: NetStateRule): boolean {
  if (Object.hasOwn(rule, 'phase') && rule.phase !== TEST) return false;
  if (Object.hasOwn(rule, 'min_level') && rule.min_level > 0) return false;
  if (Object.hasOwn(rule, 'max_level') && rule.max_level < 0) return false;
  return rule.stage.length === 0;
}

/** Layers that take part in inference: included by their rules, not excluded by them. */
export function forInference(layers: readonly LayerParameter[]): LayerParameter[] {
  return layers.filter((l) => {
    if (Object.hasOwn(l, 'phase') && l.phase !== TEST) return false;
    return l.include.length > 0 ? l.include.some(holds) : !l.exclude.some(holds);
  });
}
