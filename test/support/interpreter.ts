import { closeSync, openSync, readSync } from 'node:fs';
import type { DataType } from '../../optimizer/ir/dtype.ts';
import type { Graph, Node, ValueId } from '../../optimizer/ir/graph.ts';
import { countOf, fromNumbers, type TensorLiteral, toNumbers } from '../../optimizer/ir/tensor.ts';
import type { WeightExpr } from '../../optimizer/ir/weight.ts';
import type { Evaluator } from '../../optimizer/passes/pass.ts';
import { OPERATORS, transpose } from './operators.ts';
import { type Dense, dense, seeded } from './tensor.ts';

/** Runs a graph in double precision, bodies of fused nodes included. Slow, simple, and independent of the passes. */
export function run(graph: Graph, inputs: Readonly<Record<string, Dense>>): Record<string, Dense> {
  const values = new Map<ValueId, Dense>();
  for (const v of graph.inputs) {
    const { name } = graph.value(v);
    const given = inputs[name];
    if (!given) throw new Error(`no input "${name}"`);
    values.set(v, given);
  }
  execute(
    graph,
    values,
    graph.files.map((f) => f.path),
  );
  return Object.fromEntries(graph.outputs.map((v) => [graph.value(v).name, read(graph, values, v, [])]));
}

function read(graph: Graph, values: Map<ValueId, Dense>, v: ValueId, files: readonly string[]): Dense {
  let t = values.get(v);
  if (!t) {
    const { weight, name } = graph.value(v);
    if (!weight) throw new Error(`value ${v} "${name}" is not computed`);
    values.set(v, (t = constant(weight, files)));
  }
  return t;
}

function execute(graph: Graph, values: Map<ValueId, Dense>, files: readonly string[]): void {
  for (const n of graph.topological()) {
    const ins = n.inputs.map((v) => (v === null ? null : read(graph, values, v, files)));
    let outs: readonly Dense[];
    if (n.body) outs = call(n.body, ins, files);
    else if (n.op === 'If') {
      const branch = n.attrs[ins[0]!.data[0] ? 'then_branch' : 'else_branch'];
      outs = call(branch as Graph, ins.slice(1), files);
    } else outs = apply(n, ins);
    n.outputs.forEach((v, i) => {
      const out = outs[i];
      if (!out) return;
      const { shape } = graph.value(v).type;
      if (
        shape !== null &&
        String(shape.filter((d) => typeof d === 'number')) !==
          String(out.shape.filter((_, k) => typeof shape[k] === 'number'))
      ) {
        throw new Error(`${n.op} "${n.name}": computed ${out.shape}, declared ${shape}`);
      }
      values.set(v, out);
    });
  }
}

function call(graph: Graph, inputs: readonly (Dense | null)[], files: readonly string[]): readonly Dense[] {
  const inner = new Map<ValueId, Dense>(graph.inputs.map((v, i) => [v, inputs[i]!]));
  execute(graph, inner, files);
  return graph.outputs.map((v) => read(graph, inner, v, files));
}

function apply(n: Pick<Node, 'op' | 'attrs' | 'outputs'>, ins: readonly (Dense | null)[]): readonly Dense[] {
  const op = OPERATORS[n.op];
  if (!op) throw new Error(`the test interpreter does not know ${n.op}`);
  const out = op(n as Node, ins);
  return Array.isArray(out) ? (out as Dense[]) : [out as Dense];
}

const round = (t: Dense): Dense => (t.dtype === 'float32' ? { ...t, data: t.data.map(Math.fround) } : t);

export function constant(w: WeightExpr, files: readonly string[] = []): Dense {
  switch (w.kind) {
    case 'literal':
      return dense(w.dtype, w.shape, toNumbers(w.value));
    case 'file': {
      const bytes = new Uint8Array(w.length);
      const fd = openSync(files[w.file]!, 'r');
      readSync(fd, bytes, 0, w.length, w.offset);
      closeSync(fd);
      return dense(w.dtype, w.shape, toNumbers({ dtype: w.dtype, shape: w.shape, bytes }));
    }
    case 'cast':
      return round({ ...constant(w.input, files), dtype: w.dtype });
    case 'reshape':
      return { ...constant(w.input, files), shape: w.shape };
    case 'transpose':
      return transpose(constant(w.input, files), w.perm);
    case 'concat':
      return apply(
        node('Concat', { axis: w.axis }),
        w.inputs.map((i) => constant(i, files)),
      )[0]!;
    case 'slice': {
      const one = (x: number) => dense('int64', [1], [x]);
      const ends = one(w.start + w.shape[w.axis]!);
      return apply(node('Slice'), [constant(w.input, files), one(w.start), ends, one(w.axis)])[0]!;
    }
    case 'scale': {
      const along = (e: WeightExpr): Dense => ({
        ...constant(e, files),
        shape: w.shape.map((d, i) => (i === w.axis ? d : 1)),
      });
      let out = apply(node('Mul'), [constant(w.input, files), along(w.factor)])[0]!;
      if (w.shift) out = apply(node('Add'), [out, along(w.shift)])[0]!;
      return round({ ...out, dtype: w.dtype });
    }
    case 'evaluate': {
      const out = apply(
        node(w.op, w.attrs),
        w.inputs.map((i) => i && constant(i, files)),
      )[w.output]!;
      return round({ ...out, dtype: w.dtype });
    }
  }
}

const node = (op: string, attrs: Node['attrs'] = {}): Pick<Node, 'op' | 'attrs' | 'outputs'> => ({
  op,
  attrs,
  outputs: [],
});

/** The passes' evaluator over this interpreter; `files` as in the graph. */
export function testEvaluator(files: readonly string[] = []): Evaluator {
  const literal = (t: Dense): TensorLiteral => fromNumbers(t.dtype, t.shape, [...t.data]);
  return {
    peek(n, inputs) {
      if (!(n.op in OPERATORS)) return null;
      const ins = inputs.map((t) => t && dense(t.dtype, t.shape, toNumbers(t)));
      return apply({ ...n, outputs: [] }, ins).map((t) => literal(round(t)));
    },
    literal: (w) => (countOf(w.shape) > 4096 ? null : literal(constant(w, files))),
  };
}

/** Random tensors for the inputs of a graph with static shapes; integer inputs get indices below `below`. */
export function randomInputs(graph: Graph, seed = 7, below = 4): Record<string, Dense> {
  const next = seeded(seed);
  return Object.fromEntries(
    graph.inputs.map((v) => {
      const { name, type } = graph.value(v);
      const shape = (type.shape ?? []).map((d) => (typeof d === 'number' ? d : 2));
      const t = dense(type.dtype as DataType, shape);
      const whole = /^u?int/.test(type.dtype);
      return [name, { ...t, data: t.data.map(() => (whole ? Math.floor(((next() + 1) / 2) * below) : next())) }];
    }),
  );
}

/** The largest difference between two results, relative to the largest magnitude; Infinity when they do not match up. */
export function difference(a: Readonly<Record<string, Dense>>, b: Readonly<Record<string, Dense>>): number {
  if (Object.keys(a).join() !== Object.keys(b).join()) return Infinity;
  let worst = 0;
  for (const [name, x] of Object.entries(a)) {
    const y = b[name]!;
    if (String(x.shape) !== String(y.shape)) return Infinity;
    const scale = x.data.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-30);
    x.data.forEach((v, i) => {
      const d = Math.abs(v - y.data[i]!) / scale;
      worst = Number.isNaN(d) ? Infinity : Math.max(worst, d);
    });
  }
  return worst;
}
