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
    const raised: Node[] = [];
    for (const [before, after] of delta.nodes) {
      if (after) raised.push(after);
      else this.height.delete(before!.id);
    }
    for (let n = raised.pop(); n !== undefined; n = raised.pop()) {
      const need = this.floorOf(n) + 1;
      const had = this.height.get(n.id);
      if (had !== undefined && had >= need) continue;
      this.height.set(n.id, need);
      for (const v of n.outputs)
        for (const u of this.graph.users(v)) if (this.of(u.node.id) <= need) raised.push(u.node);
    }
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
