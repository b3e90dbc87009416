import type { AttrValue, Node } from '../../ir/graph.ts';
import { toNumbers } from '../../ir/tensor.ts';
import { findOp } from '../../ops/index.ts';
import { attrOr } from '../../ops/op.ts';
import type { LayerAttr } from '../plan.ts';
import type { Lowering } from './context.ts';

/** An attribute as its operator's definition types it; undefined for what no layer carries (tensors, subgraphs). */
export function encoded(type: string, value: AttrValue): LayerAttr | undefined {
  if (type === 'float' && typeof value === 'number') return { float: value };
  if (type === 'int' || type === 'string') return value as number | string;
  if (type === 'ints') return value as readonly number[];
  if (type === 'floats') return { floats: value as readonly number[] };
  if (type === 'strings') return (value as readonly string[]).join(',');
  return undefined;
}

/**
 * The operator becomes the layer of its own name: its inputs, its outputs, and the attributes of its definition with
 * their defaults. `resolve`: what its inputs contain decides the rest when it runs.
 */
export function lowerAsIs(low: Lowering, node: Node, resolve: boolean): void {
  const def = findOp(node.domain, node.op)!;
  const attrs: Record<string, LayerAttr> = {};
  for (const [name, spec] of Object.entries(def.attrs)) {
    const value = attrOr(def, node.attrs, name);
    const attr = value === undefined ? undefined : encoded(spec.type, value);
    if (attr !== undefined) attrs[name] = attr;
  }
  // The one tensor that is an attribute: what ConstantOfShape fills with.
  const fill = node.attrs.value;
  if (node.op === 'ConstantOfShape' && typeof fill === 'object' && 'bytes' in fill) {
    attrs.fill = { float: toNumbers(fill)[0]! };
  }
  low.layer(node, {
    op: node.op,
    attrs,
    inputs: node.inputs.map((v) => (v === null ? -1 : low.value(v))),
    outputs: node.outputs.map((v) => low.value(v)),
    generic: true,
    ...(resolve ? { resolve: true } : {}),
  });
}
