import { sameShape } from '../../ir/dim.ts';
import { isFloat } from '../../ir/dtype.ts';
import type { AttrValue, Node, ValueId } from '../../ir/graph.ts';
import { attrInt, dtypeOf, scalarOf, shapeOf, sourcesOf, weightOf } from '../match.ts';
import type { PassContext, Rule } from '../pass.ts';

/** Operators that the search looks through, as functions of numbers. */
const COMPUTE: Readonly<Record<string, (a: readonly number[], n: Node) => number>> = {
  Add: ([a, b]) => a! + b!,
  Sub: ([a, b]) => a! - b!,
  Mul: ([a, b]) => a! * b!,
  Div: ([a, b]) => a! / b!,
  Pow: ([a, b]) => a! ** b!,
  Min: ([a, b]) => Math.min(a!, b!),
  Max: ([a, b]) => Math.max(a!, b!),
  Relu: ([a]) => Math.max(a!, 0),
  Clip: ([a, lo, hi]) =>
    Math.min(Math.max(a!, Number.isNaN(lo!) ? -Infinity : lo!), Number.isNaN(hi!) ? Infinity : hi!),
  Erf: ([a]) => erf(a!),
  Tanh: ([a]) => Math.tanh(a!),
  Softplus: ([a]) => Math.log1p(Math.exp(a!)),
  HardSigmoid: ([a], n) => Math.min(Math.max(attrInt(n, 'alpha', 0.2) * a! + attrInt(n, 'beta', 0.5), 0), 1),
};
/** At least one of these is in every form that the rule looks for. */
const TELLING = new Set(['Erf', 'Tanh', 'Clip', 'Min', 'Relu', 'HardSigmoid', 'Softplus']);

interface Form {
  readonly op: string;
  readonly attrs: Readonly<Record<string, AttrValue>>;
  readonly text: string;
  f(x: number): number;
}

const FORMS: readonly Form[] = [
  { op: 'Gelu', attrs: { approximate: 'none' }, text: 'GELU', f: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)) },
  {
    op: 'Gelu',
    attrs: { approximate: 'tanh' },
    text: 'GELU (tanh form)',
    f: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  },
  { op: 'HardSwish', attrs: {}, text: 'HardSwish', f: (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6 },
  { op: 'Mish', attrs: {}, text: 'Mish', f: (x) => x * Math.tanh(Math.log1p(Math.exp(x))) },
];

const POINTS = [
  -9, -6, -4.1, -3.2, -2.99, -2.4, -1.6, -0.9, -0.4, -0.03, 0, 0.01, 0.2, 0.7, 1.3, 2.2, 2.9, 3.1, 3.5, 5, 8,
];
const TOLERANCE = 2e-5;
const CONE = 12;

/**
 * A few elementwise operators between one value and a product of it are compared with the known activations as functions:
 * whatever order and constants an exporter chose, what computes GELU is GELU.
 */
export const activationForm: Rule = {
  name: 'activation-form',
  title: 'Decomposed activation → one operator',
  anchors: ['Mul', 'Div'],
  rewrite(root, ctx) {
    const { graph } = ctx;
    if (!isFloat(dtypeOf(graph, root.outputs[0]!))) return null;
    const cone = coneOf(root, ctx);
    if (!cone.some((n) => TELLING.has(n.op))) return null;
    const candidates = new Set<ValueId>();
    for (const n of cone) for (const v of n.inputs) if (v !== null && !weightOf(graph, v)) candidates.add(v);
    const shape = shapeOf(graph, root.outputs[0]);
    for (const x of candidates) {
      // A number stored as 1×1×1 could have given the product more axes than x has.
      const own = shapeOf(graph, x);
      if (!shape || !own || !sameShape(shape, own)) continue;
      const values: number[] = [];
      for (const p of POINTS) {
        const y = evaluate(ctx, root.outputs[0]!, x, p);
        if (Number.isNaN(y)) break;
        values.push(y);
      }
      if (values.length < POINTS.length) continue;
      const form = FORMS.find((f) => POINTS.every((p, i) => close(values[i]!, f.f(p))));
      if (!form) continue;
      const nodes = between(cone, root, x);
      const inside = new Set(nodes.map((n) => n.id));
      for (const n of nodes) {
        if (n === root) continue;
        const v = n.outputs[0]!;
        if (graph.isOutput(v) || graph.users(v).some((u) => !inside.has(u.node.id))) {
          return { refused: 'intermediate-read', args: { value: graph.value(v).name || n.op } };
        }
      }
      return {
        remove: nodes.map((n) => n.id),
        add: [
          {
            op: form.op,
            domain: '',
            name: root.name,
            attrs: form.attrs,
            inputs: [x],
            outputs: root.outputs,
            source: sourcesOf(...nodes),
          },
        ],
        note: `${nodes.map((n) => n.op).join(', ')} compute ${form.text}`,
      };
    }
    return null;
  },
};

const close = (a: number, b: number): boolean => Math.abs(a - b) <= TOLERANCE * (1 + Math.abs(b));

/** Nodes above the root that could be part of an activation, nearest first. */
function coneOf(root: Node, { graph }: PassContext): Node[] {
  const cone = [root];
  for (let i = 0; i < cone.length && cone.length < CONE; i++) {
    for (const v of cone[i]!.inputs) {
      const p = v === null ? undefined : graph.producer(v);
      if (p && p.domain === '' && p.op in COMPUTE && !cone.includes(p)) cone.push(p);
    }
  }
  return cone;
}

/** Value of `v` where `x` has the value `at`; NaN when it depends on anything else. */
function evaluate(ctx: PassContext, v: ValueId | null, x: ValueId, at: number, depth = 0): number {
  if (v === x) return at;
  if (v === null || depth > CONE) return Number.NaN;
  if (weightOf(ctx.graph, v)) return scalarOf(ctx, v) ?? Number.NaN;
  const n = ctx.graph.producer(v);
  const f = n && n.domain === '' ? COMPUTE[n.op] : undefined;
  if (!n || !f) return Number.NaN;
  const args = n.inputs.map((i) => evaluate(ctx, i, x, at, depth + 1));
  // An absent limit of Clip is NaN here and means "none"; anywhere else NaN makes the result NaN.
  return n.op === 'Clip' && n.inputs.some((i, k) => i !== null && Number.isNaN(args[k]!)) ? Number.NaN : f(args, n);
}

/** The nodes on the way from `x` to the root. */
function between(cone: readonly Node[], root: Node, x: ValueId): Node[] {
  const byOutput = new Map(cone.map((n) => [n.outputs[0]!, n]));
  const out: Node[] = [];
  const visit = (n: Node): void => {
    if (out.includes(n)) return;
    for (const v of n.inputs) {
      const p = v === null || v === x ? undefined : byOutput.get(v);
      if (p) visit(p);
    }
    out.push(n);
  };
  visit(root);
  return out;
}

/** Abramowitz and Stegun 7.1.26: error below 1.5e-7, far under the tolerance. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const poly = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - poly * Math.exp(-x * x));
}
