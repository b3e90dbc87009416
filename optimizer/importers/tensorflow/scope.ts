import { ImportError } from '../error.ts';
import { frameOf } from './frames.ts';
import type { NodeDef } from './messages.ts';
import { type Reference, reference } from './names.ts';
import type { Result } from './node.ts';

/** The nodes of a graph or of one call of a function, and what became of those that were converted. */
export class Scope {
  readonly nodes: ReadonlyMap<string, { readonly def: NodeDef; readonly index: number }>;
  readonly results = new Map<string, readonly Result[]>();
  /** What loops of TensorFlow 1 left behind, by their name: the value of each Merge. */
  readonly loops = new Map<string, ReadonlyMap<string, Result>>();
  /** Prefix of source ids and names: "" or "12/f/". */
  readonly path: string;
  readonly depth: number;

  constructor(nodes: readonly NodeDef[] | Scope['nodes'], path: string, depth: number) {
    this.path = path;
    this.depth = depth;
    if (nodes instanceof Map) this.nodes = nodes;
    else this.nodes = indexed(nodes as readonly NodeDef[]);
  }

  /** The same nodes with nothing computed yet: one turn of a loop. */
  fork(path: string): Scope {
    return new Scope(this.nodes, path, this.depth + 1);
  }

  reference(text: string): Reference {
    return reference(text, (name) => this.nodes.get(name)?.def.op);
  }

  /** Nodes that the given results need, producers first; order-only edges are left out. Throws on cycles. */
  order(targets: readonly string[]): NodeDef[] {
    const out: NodeDef[] = [];
    const state = new Map<string, 'open' | 'done'>();
    const stack: { name: string; next: number; inputs: string[] }[] = [];
    const enter = (name: string, reader: string): void => {
      if (this.results.has(name) || state.get(name) === 'done') return;
      if (state.get(name) === 'open') {
        throw new ImportError('cyclic', `The graph has a cycle through "${name}" and "${reader}".`);
      }
      const node = this.nodes.get(name);
      if (!node)
        throw new ImportError('undefined-value', `"${reader}" reads "${name}", which the graph does not have.`);
      state.set(name, 'open');
      const inputs = needs(this, node.def)
        .map((i) => this.reference(i))
        .filter((r) => !r.control);
      stack.push({ name, next: 0, inputs: inputs.map((r) => r.node) });
    };
    for (const t of targets) {
      enter(this.reference(t).node, 'the output');
      while (stack.length > 0) {
        const top = stack.at(-1)!;
        if (top.next < top.inputs.length) enter(top.inputs[top.next++]!, top.name);
        else {
          stack.pop();
          state.set(top.name, 'done');
          out.push(this.nodes.get(top.name)!.def);
        }
      }
    }
    return out;
  }
}

function indexed(nodes: readonly NodeDef[]): Map<string, { def: NodeDef; index: number }> {
  const out = new Map<string, { def: NodeDef; index: number }>();
  nodes.forEach((def, index) => {
    if (out.has(def.name)) throw new ImportError('duplicate-value', `Two nodes are named "${def.name}".`);
    out.set(def.name, { def, index });
  });
  return out;
}

/** What has to be there before a node: of a loop, everything that enters it; nothing for the way back into it. */
function needs(scope: Scope, def: NodeDef): readonly string[] {
  if (def.op.endsWith('NextIteration')) return [];
  const frame = def.op.endsWith('Exit') ? frameOf(scope, def) : null;
  return frame ? frame.enters.map((n) => n.input[0]!) : def.input;
}
