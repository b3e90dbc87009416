import { ImportError } from '../error.ts';
import type { NodeDef } from './messages.ts';
import { type Reference, reference } from './names.ts';
import type { Result } from './node.ts';

/** The nodes of a graph or of one call of a function, and what became of those that were converted. */
export class Scope {
  readonly nodes = new Map<string, { readonly def: NodeDef; readonly index: number }>();
  readonly results = new Map<string, readonly Result[]>();
  /** Prefix of source ids and names: "" or "12/f/". */
  readonly path: string;
  readonly depth: number;

  constructor(nodes: readonly NodeDef[], path: string, depth: number) {
    this.path = path;
    this.depth = depth;
    nodes.forEach((def, index) => {
      if (this.nodes.has(def.name)) throw new ImportError('duplicate-value', `Two nodes are named "${def.name}".`);
      this.nodes.set(def.name, { def, index });
    });
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
      // The way back of a loop of TensorFlow 1; it is marked as not supported where it is met.
      const isBack = node.def.op === 'NextIteration' || node.def.op === 'RefNextIteration';
      const inputs = isBack ? [] : node.def.input.map((i) => this.reference(i)).filter((r) => !r.control);
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
