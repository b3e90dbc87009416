import { type Shape, sameDim, sameShape, shapeText } from '../ir/dim.ts';
import { FUSED_DOMAIN, type FusedKind } from '../ir/fused.ts';
import type { Node, NodeId, NodeSpec, ValueId } from '../ir/graph.ts';
import { makeBody } from './body.ts';
import { dtypeOf, isConstant, labelOf, shapeOf, sourcesOf } from './match.ts';
import type { PassContext, Refusal } from './pass.ts';

export interface GrowOptions {
  /** Nodes that may join. */
  accept(node: Node): boolean;
  /** The result keeps the type of the head's. */
  readonly sameType: boolean;
  /** Also take in elementwise producers of operands, when nothing else reads them. */
  readonly producers: boolean;
  /** A reason not to take a node whose operand is computed elsewhere. */
  yieldTo?(operand: ValueId): Refusal | null;
}

/** Nodes, producers first, whose only result read elsewhere is `output`. */
export interface Region {
  readonly nodes: readonly Node[];
  readonly output: ValueId;
}

/** Nodes joined on trial since the region was last closed. */
const TRIAL = 24;

/** Whether `part` broadcasts to `whole` without growing it. */
export const broadcastsTo = (part: Shape | null, whole: Shape): boolean =>
  part !== null &&
  part.length <= whole.length &&
  part.every((d, i) => d === 1 || sameDim(d, whole[whole.length - part.length + i]!));

/**
 * Grows a region from the head along elementwise users, as long as it can be closed again: in the end one value alone is
 * read outside. Branches that meet again (x · sigmoid(x)) are taken whole. No operand from outside may depend on the head,
 * so the fused node never is part of a cycle. Returns the reason when not even one node can join; null when there is none.
 */
export function grow(ctx: PassContext, head: Node, options: GrowOptions): Region | Refusal | null {
  return new Growth(ctx, head, options).run();
}

class Growth {
  private readonly ctx: PassContext;
  private readonly head: Node;
  private readonly options: GrowOptions;
  private readonly shape: Shape;
  private readonly start: ValueId;
  private nodes: Node[];
  private readonly inside: Set<NodeId>;
  /** Reads from outside that every value of the region has left; values without any are closed. */
  private readonly reads = new Map<ValueId, number>();
  private readonly open = new Set<ValueId>();
  private reason: Refusal | null = null;

  constructor(ctx: PassContext, head: Node, options: GrowOptions) {
    this.ctx = ctx;
    this.head = head;
    this.options = options;
    this.start = head.outputs[0]!;
    this.shape = shapeOf(ctx.graph, this.start) ?? [];
    this.nodes = [head];
    this.inside = new Set([head.id]);
  }

  run(): Region | Refusal | null {
    const { graph } = this.ctx;
    if (shapeOf(graph, this.start) === null) return null;
    if (this.head.outputs.slice(1).some((v) => graph.useCount(v) > 0)) return null;
    this.track(this.start);
    let closed = 1;
    let output = this.start;
    while (this.nodes.length - closed < TRIAL) {
      if (!this.step()) break;
      if (this.open.size === 1) {
        closed = this.nodes.length;
        output = [...this.open][0]!;
      }
    }
    if (closed > 1) return { nodes: this.nodes.slice(0, closed), output };
    return this.explain();
  }

  private track(v: ValueId): void {
    const n = this.ctx.graph.useCount(v);
    this.reads.set(v, n);
    if (n > 0) this.open.add(v);
  }

  /** Lets one user of an open value join. */
  private step(): boolean {
    for (const v of this.open) {
      const seen = new Set<NodeId>();
      for (const { node } of this.ctx.graph.users(v)) {
        if (this.inside.has(node.id) || seen.has(node.id)) continue;
        seen.add(node.id);
        const before = this.nodes.length;
        const refusal = this.join(node);
        if (!refusal) return true;
        this.forget(before);
        this.reason = refusal;
      }
    }
    return false;
  }

  /** Takes a node in, after the producers of its operands that come along. */
  private join(node: Node): Refusal | null {
    const { graph } = this.ctx;
    if (!this.options.accept(node)) return { refused: 'not-elementwise', args: { op: node.op } };
    const out = node.outputs[0]!;
    const shape = shapeOf(graph, out);
    if (shape === null || !sameShape(shape, this.shape)) {
      return { refused: 'grows-shape', args: { next: labelOf(graph, node), shape: shapeText(shape) } };
    }
    if (this.options.sameType && dtypeOf(graph, out) !== dtypeOf(graph, this.start)) {
      const args = { next: labelOf(graph, node), from: dtypeOf(graph, this.start), to: dtypeOf(graph, out) };
      return { refused: 'changes-type', args };
    }
    for (const v of node.inputs) {
      if (v === null || this.reads.has(v)) continue;
      const refusal = this.operand(v, node);
      if (refusal) return refusal;
    }
    this.add(node);
    return null;
  }

  private operand(v: ValueId, reader: Node): Refusal | null {
    const { graph } = this.ctx;
    if (!broadcastsTo(shapeOf(graph, v), this.shape)) {
      return { refused: 'grows-shape', args: { next: labelOf(graph, reader), shape: shapeText(shapeOf(graph, v)) } };
    }
    if (isConstant(graph, v)) return null;
    const producer = graph.producer(v);
    if (this.options.producers && producer && this.mayCome(producer, reader)) {
      const before = this.nodes.length;
      if (this.join(producer) === null) return null;
      this.forget(before);
    }
    if (this.ctx.dependsOn(v, this.head.id)) {
      return { refused: 'would-cycle', args: { operand: graph.value(v).name || String(v) } };
    }
    return this.options.yieldTo?.(v) ?? null;
  }

  /** Only the reader (or the region) reads what this node computes. */
  private mayCome(producer: Node, reader: Node): boolean {
    const { graph } = this.ctx;
    const v = producer.outputs[0]!;
    return (
      producer.outputs.length === 1 &&
      !graph.isOutput(v) &&
      this.options.accept(producer) &&
      graph.users(v).every((u) => u.node.id === reader.id || this.inside.has(u.node.id))
    );
  }

  private add(node: Node): void {
    this.nodes.push(node);
    this.inside.add(node.id);
    for (const v of node.inputs) {
      if (v === null) continue;
      const left = this.reads.get(v);
      if (left === undefined) continue;
      this.reads.set(v, left - 1);
      if (left === 1) this.open.delete(v);
    }
    this.track(node.outputs[0]!);
  }

  /** Undoes additions of producers whose reader could not join. */
  private forget(length: number): void {
    while (this.nodes.length > length) {
      const node = this.nodes.pop()!;
      this.inside.delete(node.id);
      this.reads.delete(node.outputs[0]!);
      this.open.delete(node.outputs[0]!);
      for (const v of node.inputs) {
        if (v === null) continue;
        const left = this.reads.get(v);
        if (left === undefined) continue;
        this.reads.set(v, left + 1);
        this.open.add(v);
      }
    }
  }

  private explain(): Refusal | null {
    const { graph } = this.ctx;
    const users = graph.users(this.start).map((u) => u.node);
    if (!users.some((n) => this.options.accept(n))) return null;
    if (graph.isOutput(this.start)) {
      return { refused: 'output-is-model-output', args: { output: graph.value(this.start).name } };
    }
    const n = new Set(users.map((u) => u.id)).size;
    return n > 1 && this.reason?.refused !== 'later-convolution'
      ? { refused: 'output-read', args: { n } }
      : this.reason;
  }
}

/** The node that stands for a region: `outputs` default to the region's one. */
export function fusedNode(
  ctx: PassContext,
  kind: FusedKind,
  nodes: readonly Node[],
  outputs: readonly ValueId[],
  name = nodes[0]!.name,
): NodeSpec {
  const { body, inputs } = makeBody(ctx.graph, nodes, outputs);
  return { op: kind, domain: FUSED_DOMAIN, name, attrs: {}, inputs, outputs, source: sourcesOf(...nodes), body };
}
