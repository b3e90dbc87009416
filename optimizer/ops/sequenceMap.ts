import { Graph, type ValueId } from '../ir/graph.ts';
import { composed } from './common/compose.ts';
import { codeOfDtype } from './common/dtypes.ts';
import { OpError } from './op.ts';

/**
 * Inputs: a sequence, further sequences (one element a turn) or tensors (the same every turn), then what the body captures.
 * Written as a Loop that takes the elements out, and puts the results into sequences that begin empty.
 */
export default composed(
  {
    op: 'SequenceMap',
    since: [17],
    attrs: { body: { type: 'graph', required: true }, captures: { type: 'int', default: 0 } },
    inputs: [1, Number.MAX_SAFE_INTEGER],
    outputs: [1, Number.MAX_SAFE_INTEGER],
  },
  (c) => {
    const { graph, node } = c;
    const { body } = node.attrs;
    if (!(body instanceof Graph)) throw new OpError('has no body');
    if (body.inputs.length !== node.inputs.length || node.inputs.includes(null))
      throw new OpError(
        `has a body of ${body.inputs.length} inputs, of which it gives ${node.inputs.filter((v) => v !== null).length}`,
      );
    if (node.outputs.length !== body.outputs.length)
      throw new OpError(`has ${node.outputs.length} outputs, its body gives ${body.outputs.length}`);
    const loop = new Graph();
    loop.files.push(...body.files);
    const value = (type: { dtype: 'int64' | 'bool'; shape: readonly number[] }): ValueId =>
      loop.addValue({ name: '', type }).id;
    const turn = value({ dtype: 'int64', shape: [] });
    const condition = value({ dtype: 'bool', shape: [] });
    const own = { domain: '', name: node.name, source: node.source };
    const make = (op: string, inputs: readonly ValueId[], type: ReturnType<Graph['value']>['type']): ValueId => {
      const out = loop.addValue({ name: '', type }).id;
      loop.addNode({ ...own, op, attrs: {}, inputs, outputs: [out] });
      return out;
    };
    // What the body reads: elements of the captured sequences, and the captured tensors themselves.
    const captured: ValueId[] = [];
    const inner = new Map<ValueId, ValueId>();
    node.inputs.forEach((v, i) => {
      if (v === null) return;
      const { type } = graph.value(v);
      const outer = loop.addValue({ name: graph.value(v).name, type }).id;
      captured.push(outer);
      const sequence = type.sequence === true && i < node.inputs.length - c.attr('captures');
      const element = { dtype: type.dtype, shape: null };
      inner.set(body.inputs[i]!, sequence ? make('SequenceAt', [outer, turn], element) : outer);
    });
    const copy = (v: ValueId): ValueId => {
      let to = inner.get(v);
      if (to === undefined) {
        const { id: _, ...rest } = body.value(v);
        inner.set(v, (to = loop.addValue(rest).id));
      }
      return to;
    };
    for (const { id: _, ...n } of body.topological()) {
      loop.addNode({ ...n, inputs: n.inputs.map((v) => (v === null ? null : copy(v))), outputs: n.outputs.map(copy) });
    }
    const states = body.outputs.map((v) => {
      const { dtype } = body.value(v).type;
      return loop.addValue({ name: '', type: { dtype, shape: null, sequence: true } }).id;
    });
    const results = states.map((s, i) => make('SequenceInsert', [s, copy(body.outputs[i]!)], loop.value(s).type));
    const next = make('Identity', [condition], { dtype: 'bool', shape: [] });
    loop.setInputs([turn, condition, ...states, ...captured]);
    loop.setOutputs([next, ...results]);

    const empty = body.outputs.map((v) => {
      const { dtype } = body.value(v).type;
      const out = graph.addValue({ name: '', type: { dtype, shape: null, sequence: true } }).id;
      graph.addNode({ ...own, op: 'SequenceEmpty', attrs: { dtype: codeOfDtype(dtype) }, inputs: [], outputs: [out] });
      return out;
    });
    const length = c.op('SequenceLength', [c.input(0)]);
    const inputs = [length, null, ...empty, ...node.inputs.filter((v) => v !== null)];
    graph.updateNode(node.id, { op: 'Loop', attrs: { body: loop, captures: captured.length }, inputs });
  },
);
