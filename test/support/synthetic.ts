import type { Imported, StudioParts } from '../../electron/host/parts/parts.ts';
import { Graph, type Node, type SourceId, type ValueId } from '../../optimizer/ir/graph.ts';
import { fromNumbers } from '../../optimizer/ir/tensor.ts';
import { literalWeight } from '../../optimizer/ir/weights.ts';
import type { Application, Optimized, TracedPass } from '../../optimizer/passes/pass.ts';

/* Graphs made in memory, for tests of the studio's services that need no model file and no native runtime. */

class Maker {
  readonly graph = new Graph();
  private next = 0;
  op(op: string, inputs: ValueId[], name: string, channels: number, weighted = false): ValueId {
    const id: SourceId = String(this.next++);
    const all = weighted
      ? [...inputs, this.graph.addWeight(literalWeight(fromNumbers('float32', [2], [0.5, -0.5])), `${name}.w`).id]
      : inputs;
    const out = this.graph.addValue({ name: `${name}:0`, type: { dtype: 'float32', shape: [1, channels, 28, 28] } });
    this.graph.addNode({ op, domain: '', name, attrs: { group: 1 }, inputs: all, outputs: [out.id], source: [id] });
    this.graph.sources.set(id, { id, op, name });
    return out.id;
  }
  input(): ValueId {
    const v = this.graph.addValue({ name: 'data', type: { dtype: 'float32', shape: ['N', 3, 224, 224] } });
    this.graph.setInputs([v.id]);
    return v.id;
  }
}

/** `blocks` inception-like blocks of nine operators each: four branches of Conv + Relu and a Concat. */
export function inceptionGraph(blocks: number): Graph {
  const m = new Maker();
  let x = m.input();
  for (let b = 0; b < blocks; b++) {
    const parts = [64, 128, 32, 32].map((c, i) => {
      const conv = m.op('Conv', [x], `inception_${b}/branch${i}/conv`, c, true);
      return m.op('Relu', [conv], `inception_${b}/branch${i}/relu`, c);
    });
    x = m.op('Concat', parts, `inception_${b}/output/concat`, 256);
  }
  m.graph.setOutputs([x]);
  return m.graph;
}

const measureOf = (g: Graph) => ({ nodes: g.nodeCount, launches: g.nodeCount, flops: 1e9, bytes: 1e7 });

/** One pass: Relu goes into the convolution before it; Concat is refused. */
function fuseRelus(initial: Graph, off: ReadonlySet<string>, disabled: boolean): Optimized {
  const graph = initial.clone();
  const applications: Application[] = [];
  const convs = disabled ? [] : [...graph.nodes()].filter((n) => n.op === 'Conv');
  for (const conv of convs) {
    const relu = graph.users(conv.outputs[0]!)[0]!.node;
    const key = `conv-relu:${conv.source[0]}`;
    if (off.has(key)) continue;
    let added: Node | null = null;
    const delta = graph.recordDelta(() => {
      graph.removeNode(conv.id);
      graph.removeNode(relu.id);
      added = graph.addNode({
        ...conv,
        domain: 'sinter',
        outputs: relu.outputs,
        source: [...conv.source, ...relu.source],
        body: new Graph(),
      });
    });
    const sources = [...conv.source, ...relu.source];
    applications.push({
      key,
      rule: 'conv-relu',
      note: 'Relu goes into the convolution',
      sources,
      removed: [conv.id, relu.id],
      added: [added!.id as number],
      delta,
    });
  }
  const refusals = [...graph.nodes()]
    .filter((n) => n.op === 'Concat')
    .map((n) => ({ rule: 'conv-relu', node: n.id, sources: n.source, code: 'consumers', args: { n: 2 } }));
  const pass: TracedPass = {
    pass: 'vertical',
    title: 'Vertical fusion',
    run: 1,
    applications,
    refusals,
    after: measureOf(graph),
    milliseconds: 3,
    disabled,
  };
  return {
    initial,
    graph,
    trace: { before: measureOf(initial), passes: [pass], stale: [...off].filter((k) => !k.startsWith('conv-relu:')) },
  };
}

/** Parts whose model is `make(path)`; building and profiling answer as if there were no runtime. */
export function syntheticParts(make: (path: string) => Graph): StudioParts {
  return {
    runtime: null,
    runtimeProblem: 'The native runtime is not part of this test.',
    passes: [
      {
        name: 'vertical',
        title: 'Vertical fusion',
        doc: 'Convolutions take their activation in.',
        measure: 'number of nodes',
        rules: [{ name: 'conv-relu', title: 'Convolution + activation', anchors: ['Conv'], rewrite: () => null }],
      },
    ],
    importModel: async (path): Promise<Imported> => ({
      graph: make(path),
      format: 'synthetic',
      hash: 'none',
      problems: [],
    }),
    optimize: (imported, o) =>
      fuseRelus(imported.graph, o.disabledApplications ?? new Set(), o.disabledPasses?.has('vertical') ?? false),
    graphAt: (optimized, passes, applications) => {
      const g = optimized.initial.clone();
      for (const [i, p] of optimized.trace.passes.entries()) {
        if (i > passes) break;
        for (const a of i < passes ? p.applications : p.applications.slice(0, applications)) g.apply(a.delta);
      }
      return g;
    },
    refusalText: (r) => `The output is used by ${r.args.n} consumers.`,
    category: (n) => (n.op === 'Conv' ? 'convolution' : n.op === 'Relu' ? 'activation' : 'shape'),
    isSupported: () => true,
    cost: () => ({ flops: 1e6, bytes: 1e5 }),
    build: () => Promise.reject(new Error('no runtime')),
    profile: () => Promise.reject(new Error('no runtime')),
    writeOnnx: () => Promise.reject(new Error('no runtime')),
    evaluateWeight: async (w) => (w.kind === 'literal' ? w.value.bytes : new Uint8Array()),
  };
}
