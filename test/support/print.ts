import { shapeText } from '../../optimizer/ir/dim.ts';
import { type AttrValue, Graph, type Node, type ValueId } from '../../optimizer/ir/graph.ts';
import { countOf, toNumbers } from '../../optimizer/ir/tensor.ts';
import type { WeightExpr } from '../../optimizer/ir/weight.ts';
import type { Trace } from '../../optimizer/passes/pass.ts';
import { refusalText } from '../../optimizer/passes/refusals.ts';

/** A graph as text: one line a node, values numbered in order of appearance, fused nodes with their body's operators. */
export function printGraph(graph: Graph): string {
  const names = new Map<ValueId, string>();
  const nameOf = (v: ValueId | null): string => {
    if (v === null) return '_';
    const { weight } = graph.value(v);
    if (weight) return printWeight(weight);
    let n = names.get(v);
    if (!n) names.set(v, (n = `%${names.size}`));
    return n;
  };
  const typed = (v: ValueId): string => {
    const { dtype, shape } = graph.value(v).type;
    return `${nameOf(v)}: ${dtype === 'float32' ? '' : `${dtype} `}${shapeText(shape)}`;
  };
  const lines = [`input ${graph.inputs.map((v) => `${graph.value(v).name} ${typed(v)}`).join(', ')}`];
  for (const n of graph.topological()) {
    lines.push(`${n.outputs.map(typed).join(', ')} = ${opText(n)}(${n.inputs.map(nameOf).join(', ')})${attrsText(n)}`);
  }
  lines.push(`output ${graph.outputs.map((v) => `${graph.value(v).name} ${nameOf(v)}`).join(', ')}`);
  return `${lines.join('\n')}\n`;
}

const opText = (n: Node): string =>
  n.body
    ? `${n.op}{${n.body
        .topological()
        .map((o) => o.op)
        .join(' ')}}`
    : n.op;

function attrsText(n: Node): string {
  const text = Object.entries(n.attrs).map(([k, a]) => `${k}=${attrText(a)}`);
  return text.length > 0 ? ` {${text.join(' ')}}` : '';
}

function attrText(a: AttrValue): string {
  if (a instanceof Graph) return `graph of ${a.nodeCount}`;
  if (typeof a === 'object' && 'bytes' in a) return `tensor ${shapeText(a.shape)}`;
  return Array.isArray(a) ? `[${a.join(',')}]` : String(a);
}

function printWeight(w: WeightExpr): string {
  if (w.kind === 'literal' && countOf(w.shape) <= 4)
    return `[${toNumbers(w.value)
      .map((x) => Number(x.toPrecision(6)))
      .join(',')}]`;
  return `${formula(w)}<${shapeText(w.shape)}>`;
}

/** How a constant is computed, without its numbers. */
function formula(w: WeightExpr): string {
  switch (w.kind) {
    case 'literal':
    case 'file':
      return 'w';
    case 'concat':
      return `concat(${w.inputs.map(formula).join(',')})`;
    case 'scale':
      return `${formula(w.input)}·f${w.shift ? '+s' : ''}`;
    case 'evaluate':
      return w.op === 'ConstantOfShape' ? 'w' : `${w.op.toLowerCase()}(…)`;
    default:
      return formula(w.input);
  }
}

/** What every pass did, and why not, with equal lines counted and names left out. */
export function printTrace(trace: Trace): string {
  const lines = [`imported: ${trace.before.nodes} nodes, ${trace.before.launches} launches`];
  for (const p of trace.passes) {
    if (p.applications.length === 0 && p.refusals.length === 0 && !p.disabled) continue;
    lines.push(
      `${p.pass}${p.run > 1 ? ` (run ${p.run})` : ''}: ${p.disabled ? 'off' : `${p.after.nodes} nodes, ${p.after.launches} launches`}`,
    );
    lines.push(...counted(p.applications.map((a) => `  + ${a.rule}: ${a.note}`)));
    lines.push(...counted(p.refusals.map((r) => `  - ${r.rule}: ${refusalText(r.code, r.args)}`)));
  }
  return `${lines.join('\n')}\n`;
}

function counted(lines: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of lines) {
    const l = line.replace(/"[^"]*"/g, '"…"');
    counts.set(l, (counts.get(l) ?? 0) + 1);
  }
  return [...counts].map(([l, n]) => (n > 1 ? `${l}  ×${n}` : l));
}
