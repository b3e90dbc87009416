import { dtypeNumber } from '../../engine/encode.ts';
import type { Node } from '../../ir/graph.ts';
import { findOp } from '../../ops/index.ts';
import { attrOr } from '../../ops/op.ts';
import { isPluginOp } from '../../ops/plugins/opDef.ts';
import type { LayerAttr, Plan } from '../plan.ts';
import { encoded } from './asIs.ts';
import type { Lowering } from './context.ts';

/**
 * The operator of a registered plugin becomes a layer of kind Plugin: its attributes by their own names, and the
 * plugin's under names that no attribute can have. False where no plugin defines the operator.
 */
export function lowerPlugin(low: Lowering, node: Node): boolean {
  const def = findOp(node.domain, node.op);
  if (!isPluginOp(def)) return false;
  const { manifest, digest } = def.plugin;
  const inputs = manifest.inputs.map((_, i) => node.inputs[i] ?? null).map((v) => (v === null ? -1 : low.value(v)));
  const outputs = node.outputs.map((v) => low.value(v));
  const attrs: Record<string, LayerAttr> = {
    'plugin.name': manifest.name,
    'plugin.version': manifest.version,
    'plugin.digest': digest,
    // Storage is the model's own: a plugin takes what its manifest says and nothing else.
    'plugin.dtypes': [...inputs, ...outputs].map((v) => (v < 0 ? 0 : dtypeNumber(low.plan.values[v]!.dtype))),
  };
  for (const [name, spec] of Object.entries(def.attrs)) {
    const value = attrOr(def, node.attrs, name);
    const attr = value === undefined ? undefined : encoded(spec.type, value);
    if (attr !== undefined) attrs[name] = attr;
  }
  low.layer(node, { op: 'Plugin', name: node.op, attrs, inputs, outputs });
  return true;
}

/** A plugin that an engine needs where it runs. */
export interface PluginNeed {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
}

/** What the layers of plans and of their regions need, in name order. */
export function pluginsOf(plans: readonly Plan[]): PluginNeed[] {
  const found = new Map<string, PluginNeed>();
  const visit = (p: Plan): void => {
    for (const l of p.layers) {
      for (const r of l.regions ?? []) visit(r);
      if (l.op !== 'Plugin') continue;
      const name = String(l.attrs['plugin.name']);
      const version = String(l.attrs['plugin.version']);
      found.set(name, { name, version, digest: String(l.attrs['plugin.digest']) });
    }
  };
  plans.forEach(visit);
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
