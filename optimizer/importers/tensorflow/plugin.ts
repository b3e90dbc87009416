import type { AttrValue } from '../../ir/graph.ts';
import { findOp } from '../../ops/index.ts';
import type { AttrSpec } from '../../ops/op.ts';
import type { NodeContext, Result } from './node.ts';

/** One attribute of the node as the plugin's manifest types it; undefined where the file does not give it so. */
function attributeOf(c: NodeContext, name: string, spec: AttrSpec): AttrValue | undefined {
  const given = c.attr(name);
  if (!given) return undefined;
  switch (spec.type) {
    case 'int':
      // Decoded messages have a default for every field; only what the file gives is their own.
      return Object.hasOwn(given, 'b') ? Number(given.b) : c.int(name, 0);
    case 'float':
      return c.float(name, 0);
    case 'string':
      return c.text(name);
    case 'ints':
      return c.ints(name);
    case 'floats':
      return [...(given.list?.f ?? [])];
    default:
      return undefined;
  }
}

/**
 * Operators of a type that a registered plugin of domain "tensorflow" defines: inputs and attributes are the node's own, the
 * results those of the plugin.
 */
export function pluginOperator(type: string): ((c: NodeContext) => readonly Result[]) | undefined {
  const def = findOp('tensorflow', type);
  if (!def) return undefined;
  return (c) => {
    const attrs: Record<string, AttrValue> = {};
    for (const [name, spec] of Object.entries(def.attrs)) {
      const value = attributeOf(c, name, spec);
      if (value !== undefined) attrs[name] = value;
    }
    return c.e.nodes(type, c.all, attrs, def.outputs[1], 'tensorflow');
  };
}
