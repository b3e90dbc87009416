import { Graph, type Node, type ValueId } from '../ir/graph.ts';
import { Histogram } from './histogram.ts';
import { tensorNames } from './names.ts';

/** Operators whose result holds the elements of their first input, each once: its histogram is the input's. */
const MOVES = new Set([
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Identity',
  'Transpose',
  'DepthToSpace',
  'SpaceToDepth',
  'sinter.Shuffle',
]);

const kindOf = (n: Node): string => (n.domain ? `${n.domain}.${n.op}` : n.op);

/** Which values of an optimized graph are observed, and which follow from others exactly. */
export interface Taps {
  /** Value → name in range tables, for every value that gets a range. */
  readonly names: ReadonlyMap<ValueId, string>;
  /** float32 graph inputs: observed as they are fed. */
  readonly inputs: readonly ValueId[];
  /** Values that the engine must give out. */
  readonly outputs: readonly ValueId[];
  /** Values whose elements are those of observed ones together (views, moves, concatenations). */
  readonly derived: ReadonlyMap<ValueId, readonly ValueId[]>;
}

/**
 * Every float32 value between the nodes of an optimized graph: fusions stay as they are, so nothing inside them is seen.
 * Constants have no range: weights are scaled by what they are.
 */
export function tapsOf(graph: Graph): Taps {
  const names = tensorNames(graph);
  const wanted = (id: ValueId): boolean => {
    const { type, weight } = graph.value(id);
    if (type.sequence || type.optional) return false;
    return !weight && type.dtype === 'float32' && type.shape !== null && names.has(id);
  };
  const inputs = graph.inputs.filter(wanted);
  const outputs: ValueId[] = [];
  const derived = new Map<ValueId, readonly ValueId[]>();
  const known = new Set<ValueId>(inputs);
  for (const node of graph.topological()) {
    for (const id of node.outputs) {
      if (!wanted(id)) continue;
      const from = derivation(node);
      if (from?.every((v) => known.has(v))) derived.set(id, [...from.flatMap((v) => derived.get(v) ?? [v])]);
      else outputs.push(id);
      known.add(id);
    }
  }
  const ranged = new Map([...names].filter(([id]) => known.has(id)));
  return { names: ranged, inputs, outputs, derived };
}

/** One sentence for every If, Loop or Scan that stays in the graph: what runs inside it is not observed, and has no ranges. */
export function unobserved(graph: Graph): string[] {
  return [...graph.nodes()].flatMap((n) => {
    const inside = subgraphsOf(n).reduce((sum, g) => sum + g.nodeCount, 0);
    const what = inside === 1 ? 'The operator' : `The ${inside} operators`;
    return inside === 0
      ? []
      : [
          `${what} inside ${n.op} "${n.name || n.source[0]}" ${inside === 1 ? 'is' : 'are'} not observed and keep${inside === 1 ? 's' : ''} floating point.`,
        ];
  });
}

const subgraphsOf = (n: Node): Graph[] => Object.values(n.attrs).filter((a): a is Graph => a instanceof Graph);

function derivation(node: Node): readonly ValueId[] | null {
  if (MOVES.has(kindOf(node))) return node.inputs[0] == null ? null : [node.inputs[0]];
  if (kindOf(node) === 'Concat' && node.inputs.every((v) => v !== null)) return node.inputs;
  return null;
}

/** The histograms of a run, by value; derived ones are put together when asked for. */
export class Observers {
  private readonly taps: Taps;
  private readonly own = new Map<ValueId, Histogram>();

  constructor(taps: Taps, saved?: ReadonlyMap<string, Histogram>) {
    this.taps = taps;
    for (const id of [...taps.inputs, ...taps.outputs])
      this.own.set(id, saved?.get(taps.names.get(id)!) ?? new Histogram());
  }
  observed(id: ValueId): Histogram {
    return this.own.get(id)!;
  }
  /** Histograms of all values, or of those named, in the order of the graph. */
  *all(only?: ReadonlySet<string>): Generator<readonly [name: string, h: Histogram]> {
    for (const [id, name] of this.taps.names) {
      if (only && !only.has(name)) continue;
      const parts = this.taps.derived.get(id);
      yield [name, parts ? this.together(parts) : this.observed(id)];
    }
  }
  private together(parts: readonly ValueId[]): Histogram {
    if (parts.length === 1) return this.observed(parts[0]!);
    const sum = new Histogram();
    for (const p of parts) sum.merge(this.observed(p));
    return sum;
  }
}
