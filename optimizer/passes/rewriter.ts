import type { DimExpr } from '../ir/dim.ts';
import type { Delta, Graph, Node, NodeId, Value, ValueId } from '../ir/graph.ts';
import type { WeightExpr } from '../ir/weight.ts';
import { inferTypes } from '../ops/infer.ts';
import { OpError } from '../ops/op.ts';
import { type Occurrences, sortSources } from './key.ts';
import { Levels } from './levels.ts';
import {
  type Application,
  type Evaluator,
  isRefusal,
  type Pass,
  type PassContext,
  type Refusal,
  type Replacement,
  type Rule,
  type TracedRefusal,
} from './pass.ts';

export interface RunOptions {
  readonly evaluator: Evaluator;
  readonly occurrences: Occurrences;
  /** Application keys to refuse; every key met is added to `met`. */
  readonly disabled: ReadonlySet<string>;
  readonly met: Set<string>;
  readonly stop?: AbortSignal | undefined;
}

export interface PassRun {
  readonly applications: readonly Application[];
  readonly refusals: readonly TracedRefusal[];
}

/** How a node is called in `Rule.anchors`. */
export const anchorName = (n: Pick<Node, 'op' | 'domain'>): string => (n.domain ? `${n.domain}.${n.op}` : n.op);

/** Applications per node above which a pass is taken to run in circles. */
const RUNAWAY = 50;
/** Values with more readers than this do not wake their readers; the closing sweep finds what that missed. */
const CROWD = 32;

/**
 * Runs one pass to its fixed point: every rule at every anchor in topological order, then again around the changes,
 * until one whole sweep changes nothing.
 */
export function runPass(graph: Graph, pass: Pass, options: RunOptions): PassRun {
  return new PassRunner(graph, pass, options).run();
}

class PassRunner {
  private readonly graph: Graph;
  private readonly pass: Pass;
  private readonly options: RunOptions;
  private readonly levels: Levels;
  private readonly rulesByAnchor = new Map<string, Rule[]>();
  private readonly applications: Application[] = [];
  private readonly refusals = new Map<string, { rule: Rule; node: NodeId; refusal: Refusal }>();
  private staged: Value[] = [];
  private readonly context: PassContext;
  private tried = 0;
  private inferred: ReadonlyMap<ValueId, readonly DimExpr[]> | null = null;

  constructor(graph: Graph, pass: Pass, options: RunOptions) {
    this.graph = graph;
    this.pass = pass;
    this.options = options;
    this.levels = new Levels(graph);
    this.context = {
      graph,
      evaluator: options.evaluator,
      value: (v) => this.stage(v),
      constant: (weight: WeightExpr, name = '') =>
        this.stage({ name, type: { dtype: weight.dtype, shape: weight.shape }, weight }),
      dimensions: (value) => this.dimensions.get(value) ?? null,
      dependsOn: (value, node) => this.levels.dependsOn(value, node),
      isLater: (a, b) => this.levels.of(a) > this.levels.of(b) || (this.levels.of(a) === this.levels.of(b) && a > b),
    };
  }

  run(): PassRun {
    const limit = RUNAWAY * (this.graph.nodeCount + 20);
    let order = this.graph.topological().map((n) => n.id);
    for (let whole = true; ; ) {
      const before = this.applications.length;
      const woken = new Set<NodeId>();
      for (const id of order) {
        if (++this.tried % 256 === 0) this.options.stop?.throwIfAborted();
        const delta = this.visit(id);
        if (!delta) continue;
        this.wake(delta, woken);
        if (this.applications.length > limit) {
          throw new Error(`pass "${this.pass.name}" does not end: rule "${this.applications.at(-1)!.rule}" repeats`);
        }
      }
      if (woken.size > 0) {
        order = this.levels.sort(woken);
        whole = false;
      } else if (whole && this.applications.length === before) {
        break;
      } else {
        order = this.graph.topological().map((n) => n.id);
        whole = true;
      }
    }
    return { applications: this.applications, refusals: this.survivingRefusals() };
  }

  /** Inferred once, when first asked for; values keep their ids, so edits do not make it wrong. */
  private get dimensions(): ReadonlyMap<ValueId, readonly DimExpr[]> {
    if (!this.inferred) {
      try {
        this.inferred = inferTypes(this.graph.clone()).data;
      } catch (error) {
        // A model that contradicts itself is reported by the importer; here it only means that nothing is known.
        if (!(error instanceof OpError)) throw error;
        this.inferred = new Map();
      }
    }
    return this.inferred;
  }

  private rulesFor(node: Node): readonly Rule[] {
    const name = anchorName(node);
    let rules = this.rulesByAnchor.get(name);
    if (!rules) {
      rules = this.pass.rules.filter((r) => r.anchors === null || r.anchors.includes(name));
      this.rulesByAnchor.set(name, rules);
    }
    return rules;
  }

  /** Tries the rules at one node; the delta of the first that applies. */
  private visit(id: NodeId): Delta | null {
    const node = this.graph.findNode(id);
    if (!node) return null;
    for (const rule of this.rulesFor(node)) {
      const result = rule.rewrite(node, this.context);
      const staged = this.unstage();
      const slot = `${rule.name}@${id}`;
      if (result === null) {
        this.refusals.delete(slot);
      } else if (isRefusal(result)) {
        this.refusals.set(slot, { rule, node: id, refusal: result });
      } else {
        const outcome = this.tryApply(rule, node, result, staged);
        if ('refused' in outcome) this.refusals.set(slot, { rule, node: id, refusal: outcome });
        else return outcome;
      }
    }
    return null;
  }

  private tryApply(rule: Rule, anchor: Node, change: Replacement, staged: readonly Value[]): Delta | Refusal {
    const sources = sortSources(change.remove.flatMap((n) => this.graph.node(n).source));
    const key = this.options.occurrences.keyOf(rule.name, sources, anchor.id);
    this.options.met.add(key);
    if (this.options.disabled.has(key)) return { refused: 'switched-off', args: { key } };
    const stuck = stuckOutput(this.graph, change);
    if (stuck) return stuck;
    const delta = applyReplacement(this.graph, change, staged);
    this.levels.update(delta);
    this.applications.push({
      key,
      rule: rule.name,
      note: change.note ?? rule.title,
      sources,
      removed: delta.nodes.filter(([, after]) => after === null).map(([before]) => before!.id),
      added: delta.nodes.filter(([before]) => before === null).map(([, after]) => after!.id),
      delta,
    });
    return delta;
  }

  private stage(v: Omit<Value, 'id'>): Value {
    const value = this.graph.addValue(v);
    this.staged.push(value);
    return value;
  }
  private unstage(): readonly Value[] {
    const values = this.staged;
    if (values.length === 0) return values;
    for (const v of values) this.graph.removeValue(v.id);
    this.staged = [];
    return values;
  }

  /** Nodes within two steps of a change. */
  private wake(delta: Delta, woken: Set<NodeId>): void {
    const near = new Set<NodeId>();
    const around = (n: Node): void => {
      for (const v of n.inputs) if (v !== null) this.aroundValue(v, near);
      for (const v of n.outputs) this.aroundValue(v, near);
    };
    for (const [before, after] of delta.nodes) {
      if (before) around(before);
      if (after) around(after);
    }
    for (const id of near) {
      woken.add(id);
      const n = this.graph.node(id);
      for (const v of n.inputs) if (v !== null) this.aroundValue(v, woken);
      for (const v of n.outputs) this.aroundValue(v, woken);
    }
  }
  private aroundValue(v: ValueId, into: Set<NodeId>): void {
    const p = this.graph.producer(v);
    if (p) into.add(p.id);
    if (this.graph.useCount(v) > CROWD) return;
    for (const u of this.graph.users(v)) into.add(u.node.id);
  }

  private survivingRefusals(): TracedRefusal[] {
    const out: TracedRefusal[] = [];
    for (const { rule, node, refusal } of this.refusals.values()) {
      const n = this.graph.findNode(node);
      if (!n) continue;
      out.push({ rule: rule.name, node, sources: n.source, code: refusal.refused, args: refusal.args ?? {} });
    }
    return out.sort((a, b) => a.node - b.node || (a.rule < b.rule ? -1 : 1));
  }
}

/** A model output can only be taken over by a value that some node computes and that is not an output itself. */
function stuckOutput(graph: Graph, change: Replacement): Refusal | null {
  const taken = new Set<ValueId>();
  for (const [from, to] of change.replace ?? []) {
    if (!graph.isOutput(from)) continue;
    const old = graph.producer(to);
    const computed = change.add.some((n) => n.outputs.includes(to)) || (old && !change.remove.includes(old.id));
    if (!computed || graph.isOutput(to) || taken.has(to)) {
      return { refused: 'model-output', args: { output: graph.value(from).name } };
    }
    taken.add(to);
  }
  return null;
}

function applyReplacement(graph: Graph, change: Replacement, staged: readonly Value[]): Delta {
  return graph.recordDelta(() => {
    graph.apply({ nodes: [], values: staged.map((v) => [null, v] as const), outputs: null });
    const loose = new Set<ValueId>(staged.map((v) => v.id));
    for (const id of change.remove) {
      const n = graph.node(id);
      for (const v of [...n.inputs, ...n.outputs]) if (v !== null) loose.add(v);
      graph.removeNode(id);
    }
    for (const spec of change.add) graph.addNode(spec);
    for (const [from, to] of change.replace ?? []) {
      if (graph.isOutput(from)) takeOver(graph, from, to);
      else graph.replaceUses(from, to);
      loose.add(from);
      loose.add(to);
    }
    sweep(graph, [...loose]);
  });
}

/** Makes the node that computes `to` compute the model output `from` instead, so that outputs keep name and identity. */
function takeOver(graph: Graph, from: ValueId, to: ValueId): void {
  const producer = graph.producer(to)!;
  graph.updateNode(producer.id, { outputs: producer.outputs.map((v) => (v === to ? from : v)) });
  graph.replaceUses(to, from);
}

/** Removes what nothing reads any more, starting at the given values. */
function sweep(graph: Graph, loose: ValueId[]): void {
  for (let v = loose.pop(); v !== undefined; v = loose.pop()) {
    if (!graph.findValue(v) || graph.useCount(v) > 0 || graph.inputs.includes(v)) continue;
    const p = graph.producer(v);
    if (!p) {
      graph.removeValue(v);
    } else if (p.outputs.every((o) => graph.useCount(o) === 0)) {
      graph.removeNode(p.id);
      loose.push(...p.outputs);
      for (const i of p.inputs) if (i !== null) loose.push(i);
    }
  }
}
