import type { Delta, Graph, Node, NodeId, ValueId } from '../ir/graph.ts';

/**
 * A height for every node, greater than that of all its producers. It makes "does this value depend on that node" a
 * search of the few nodes between the two, and is kept up to date under edits without sorting the graph again.
 */
export class Levels {
  private readonly graph: Graph;
  private readonly height = new Map<NodeId, number>();

  constructor(graph: Graph) {
    this.graph = graph;
    for (const n of graph.topological()) this.height.set(n.id, this.floorOf(n) + 1);
  }

  of(node: NodeId): number {
    return this.height.get(node) ?? 0;
  }

  /** Ascending by height, ties by id: producers before users. */
  sort(nodes: Iterable<NodeId>): NodeId[] {
    return [...nodes].sort((a, b) => this.of(a) - this.of(b) || a - b);
  }

  dependsOn(value: ValueId, target: NodeId): boolean {
    const first = this.graph.producer(value);
    if (!first) return false;
    const floor = this.of(target);
    const seen = new Set<NodeId>([first.id]);
    const stack = [first];
    for (let n = stack.pop(); n !== undefined; n = stack.pop()) {
      if (n.id === target) return true;
      if (this.of(n.id) <= floor) continue;
      for (const v of n.inputs) {
        const p = v === null ? undefined : this.graph.producer(v);
        if (p && !seen.has(p.id)) {
          seen.add(p.id);
          stack.push(p);
        }
      }
    }
    return false;
  }

  /** Call after the delta was applied forwards. */
  update(delta: Delta): void {
    const fresh: Node[] = [];
    const changed: Node[] = [];
    for (const [before, after] of delta.nodes) {
      if (!after) this.height.delete(before!.id);
      else if (before) changed.push(after);
      else fresh.push(after);
    }
    if (!this.squeeze(fresh)) changed.push(...fresh);
    for (let n = changed.pop(); n !== undefined; n = changed.pop()) {
      const need = this.floorOf(n) + 1;
      const had = this.height.get(n.id);
      if (had !== undefined && had > need - 1) continue;
      this.height.set(n.id, need);
      for (const v of n.outputs)
        for (const u of this.graph.users(v)) if (this.of(u.node.id) <= need) changed.push(u.node);
    }
  }

  /**
   * Places new nodes between their producers and users, so that nothing behind them has to rise: without this, every
   * node added near the start of a long graph would lift all the rest.
   */
  private squeeze(fresh: readonly Node[]): boolean {
    let low = 0;
    let high = Number.POSITIVE_INFINITY;
    for (const n of fresh) {
      low = Math.max(low, this.floorOf(n));
      for (const v of n.outputs) {
        for (const u of this.graph.users(v)) high = Math.min(high, this.height.get(u.node.id) ?? high);
      }
    }
    if (high === Number.POSITIVE_INFINITY) high = low + fresh.length + 1;
    const step = (high - low) / (fresh.length + 1);
    if (!(step > 1e-9)) return false;
    this.order(fresh).forEach((n, i) => this.height.set(n.id, low + step * (i + 1)));
    return true;
  }

  /** A few nodes, producers first. */
  private order(nodes: readonly Node[]): Node[] {
    const left = new Set(nodes);
    const out: Node[] = [];
    const place = (n: Node): void => {
      if (!left.delete(n)) return;
      for (const v of n.inputs) {
        const p = v === null ? undefined : this.graph.producer(v);
        if (p) place(p);
      }
      out.push(n);
    };
    for (const n of nodes) place(n);
    return out;
  }

  private floorOf(n: Node): number {
    let top = 0;
    for (const v of n.inputs) {
      const p = v === null ? undefined : this.graph.producer(v);
      if (p) top = Math.max(top, this.of(p.id));
    }
    return top;
  }
}
