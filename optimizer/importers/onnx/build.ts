import {
  type AttrValue,
  Graph,
  type NodeId,
  type SourceId,
  type SourceOperator,
  type TensorType,
  type ValueId,
} from '../../ir/graph.ts';
import { fromNumbers } from '../../ir/tensor.ts';
import { literalWeight } from '../../ir/weights.ts';
import { findOp } from '../../ops/index.ts';
import { ImportError } from '../error.ts';
import { attributeValue, checkAttribute } from './attributes.ts';
import {
  type AttributeProto,
  type FunctionProto,
  type GraphProto,
  int,
  type NodeProto,
  type OperatorSetId,
} from './messages.ts';
import { closeSubgraphs, resolve, type Scope } from './scope.ts';
import { denseFromSparse } from './sparse.ts';
import { packStrings, type TensorSource } from './tensor.ts';
import { declaredType, UNKNOWN } from './types.ts';

/** Calls within calls that no real model reaches; a function that calls itself does. */
const MAX_CALLS = 100;
/** Nodes after inlining: functions that call functions can multiply without bound. */
const MAX_NODES = 1_000_000;

export const domainOf = (domain: string): string => (domain === 'ai.onnx' ? '' : domain);
const functionKey = (domain: string, name: string, overload: string): string =>
  `${domainOf(domain)}:${name}:${overload}`;
export const opsetMap = (imports: readonly OperatorSetId[]): Map<string, number> =>
  new Map(imports.map((o) => [domainOf(o.domain), int(o.version)]));

/** Turns decoded messages into graphs, in the model's own operator versions (upgrades follow with the types). */
export class GraphBuilder {
  /** The version of the operator set that each node was written in; nodes made by upgrades have none. */
  readonly versions = new Map<Graph, Map<NodeId, number>>();
  readonly sources = new Map<SourceId, SourceOperator>();
  private readonly tensors: TensorSource;
  private readonly functions = new Map<string, FunctionProto>();
  private readonly graphs: Graph[] = [];
  private nodes = 0;

  constructor(tensors: TensorSource, functions: readonly FunctionProto[]) {
    this.tensors = tensors;
    for (const f of functions) this.functions.set(functionKey(f.domain, f.name, f.overload), f);
  }

  /** The model's graph; weight files and source operators are then known to it and to every subgraph. */
  buildModel(proto: GraphProto, opsets: ReadonlyMap<string, number>): Graph {
    const { graph } = this.build(proto, { outer: null, opsets, path: '', calls: 0 });
    for (const g of this.graphs) {
      g.files.push(...this.tensors.files);
      for (const [k, s] of this.sources) if (g === graph) g.sources.set(k, s);
    }
    return graph;
  }

  private build(proto: GraphProto, place: Pick<Scope, 'outer' | 'opsets' | 'path' | 'calls'>): Scope {
    const graph = new Graph();
    graph.name = proto.name;
    this.graphs.push(graph);
    this.versions.set(graph, new Map());
    const scope: Scope = { graph, names: new Map(), captures: [], ...place };
    const declared = new Map<string, TensorType>();
    for (const v of [...proto.valueInfo, ...proto.output]) {
      const t = declaredType(v.name, v.type);
      if (t) declared.set(v.name, t);
    }
    for (const t of proto.initializer) {
      this.define(scope, t.name, graph.addWeight(this.tensors.weight(t), t.name).id);
    }
    for (const t of proto.sparseInitializer) {
      const name = t.values?.name ?? '';
      this.define(scope, name, graph.addWeight(denseFromSparse(t, this.tensors), name).id);
    }
    const inputs: ValueId[] = [];
    for (const v of proto.input) {
      // Since IR 3 files initializers are also listed as inputs: they are constants here.
      const known = scope.names.get(v.name);
      if (known !== undefined && graph.value(known).weight) continue;
      const id = graph.addValue({ name: v.name, type: declaredType(v.name, v.type) ?? UNKNOWN }).id;
      this.define(scope, v.name, id);
      inputs.push(id);
    }
    graph.setInputs(inputs);
    this.addNodes(scope, proto.node, declared, null);
    graph.setOutputs(
      proto.output.map((v) => {
        const id = resolve(scope, v.name);
        if (id === undefined)
          throw new ImportError('undefined-value', `Nothing computes the model's output "${v.name}".`);
        return id;
      }),
    );
    return scope;
  }

  private define(scope: Scope, name: string, id: ValueId): void {
    if (name === '') throw new ImportError('undefined-value', 'The model has an input or a constant without a name.');
    if (scope.names.has(name))
      throw new ImportError('duplicate-value', `The value "${name}" is defined twice; every value has one origin.`);
    scope.names.set(name, id);
  }

  /** Adds nodes: all their outputs first, so that the order in the file does not matter. */
  private addNodes(
    scope: Scope,
    nodes: readonly NodeProto[],
    declared: ReadonlyMap<string, TensorType>,
    call: {
      readonly attrs: ReadonlyMap<string, AttributeProto>;
      readonly results: ReadonlyMap<string, ValueId>;
    } | null,
  ): void {
    this.nodes += nodes.length;
    if (this.nodes > MAX_NODES)
      throw new ImportError(
        'unsupported-feature',
        `The model has more than ${MAX_NODES} operators once its functions are inlined.`,
      );
    const attributes = nodes.map((n) => (call ? substitute(n.attribute, call.attrs) : n.attribute));
    const outputs = nodes.map((n, i) => {
      if (isConstant(n)) {
        this.addConstant(scope, n, attributes[i]!, `${scope.path}${i}`, call?.results.get(n.output[0] ?? ''));
        return [];
      }
      const names = [...n.output];
      while (names.length > 0 && names[names.length - 1] === '') names.pop();
      return names.map((name) => {
        const id = call?.results.get(name) ?? scope.graph.addValue({ name, type: declared.get(name) ?? UNKNOWN }).id;
        if (name !== '') this.define(scope, name, id);
        return id;
      });
    });
    nodes.forEach((n, i) => {
      if (!isConstant(n)) this.addNode(scope, n, attributes[i]!, outputs[i]!, `${scope.path}${i}`);
    });
  }

  private addNode(
    scope: Scope,
    n: NodeProto,
    attributes: readonly AttributeProto[],
    outputs: ValueId[],
    source: SourceId,
  ): void {
    const domain = domainOf(n.domain);
    const inputs = n.input.map((name) => {
      if (name === '') return null;
      const id = resolve(scope, name);
      if (id === undefined)
        throw new ImportError('undefined-value', `${labelOf(n, source)} reads "${name}", which nothing computes.`);
      return id;
    });
    const f = this.functions.get(functionKey(n.domain, n.opType, n.overload));
    if (f) {
      this.inline(scope, f, attributes, inputs, outputs, source);
      return;
    }
    while (inputs.length > 0 && inputs[inputs.length - 1] === null) inputs.pop();
    this.sources.set(source, { id: source, op: n.opType, name: n.name });
    const def = findOp(domain, n.opType);
    const attrs: Record<string, AttrValue> = {};
    const bodies: Scope[] = [];
    for (const a of attributes) {
      const value = this.attribute(scope, a, source, bodies);
      if (value === undefined) continue;
      checkAttribute(def, a.name, value, labelOf(n, source));
      attrs[a.name] = value;
    }
    if (bodies.length > 0) {
      const captured = closeSubgraphs(bodies);
      if (n.opType === 'Loop') while (inputs.length < 2) inputs.push(null);
      inputs.push(...captured);
      if (captured.length > 0) attrs.captures = captured.length;
    }
    const node = scope.graph.addNode({ op: n.opType, domain, name: n.name, attrs, inputs, outputs, source: [source] });
    // A domain that the model forgot to import counts as its first version; the default one as the newest.
    const version = scope.opsets.get(domain) ?? (domain === '' ? Number.MAX_SAFE_INTEGER - 1 : 1);
    this.versions.get(scope.graph)!.set(node.id, version);
  }

  private attribute(scope: Scope, a: AttributeProto, source: SourceId, bodies: Scope[]): AttrValue | undefined {
    const body = (proto: GraphProto, suffix: string): Graph => {
      const path = `${source}/${a.name}${suffix}/`;
      const inner = this.build(proto, { outer: scope, opsets: scope.opsets, path, calls: scope.calls });
      bodies.push(inner);
      return inner.graph;
    };
    if (a.g && (a.type === 5 || a.type === 0)) return body(a.g, '');
    if (a.graphs.length > 0) return a.graphs.map((g, i) => body(g, `${i}`));
    return attributeValue(a, this.tensors);
  }

  /** Constants become values with a weight; they remain in the list of the model's operators. */
  private addConstant(
    scope: Scope,
    n: NodeProto,
    attributes: readonly AttributeProto[],
    source: SourceId,
    result: ValueId | undefined,
  ): void {
    this.sources.set(source, { id: source, op: n.opType, name: n.name });
    const name = n.output[0] ?? '';
    const a = attributes[0];
    if (!a || name === '')
      throw new ImportError('invalid-operator', `${labelOf(n, source)} has no value or no output.`);
    const value = a.t || a.sparseTensor ? undefined : attributeValue(a, this.tensors);
    let weight: ReturnType<TensorSource['weight']>;
    if (a.t) weight = this.tensors.weight(a.t.name ? a.t : Object.assign(a.t, { name }));
    else if (a.sparseTensor) weight = denseFromSparse(a.sparseTensor, this.tensors);
    else if (typeof value === 'number' || (Array.isArray(value) && value.every((x) => typeof x === 'number'))) {
      const numbers = typeof value === 'number' ? [value] : (value as readonly number[]);
      const dtype = a.name.startsWith('value_int') ? 'int64' : 'float32';
      const literal = fromNumbers(dtype, typeof value === 'number' ? [] : [numbers.length], numbers);
      weight = this.tensors.fromBytes(dtype, literal.shape, literal.bytes);
    } else if (typeof value === 'string' || Array.isArray(value)) {
      const strings = (typeof value === 'string' ? [value] : value).map((x) => new TextEncoder().encode(String(x)));
      const shape = typeof value === 'string' ? [] : [strings.length];
      weight = literalWeight({ dtype: 'string', shape, bytes: packStrings(strings) });
    } else throw new ImportError('invalid-operator', `${labelOf(n, source)} has no value.`);
    if (result === undefined) this.define(scope, name, scope.graph.addWeight(weight, name).id);
    else {
      // The result of an inlined function is a constant.
      this.define(scope, name, result);
      const { type } = { type: { dtype: weight.dtype, shape: weight.shape } };
      scope.graph.updateValue(result, { type, weight });
    }
  }

  private inline(
    scope: Scope,
    f: FunctionProto,
    attributes: readonly AttributeProto[],
    inputs: readonly (ValueId | null)[],
    outputs: readonly ValueId[],
    source: SourceId,
  ): void {
    if (scope.calls >= MAX_CALLS) throw new ImportError('cyclic', `The function "${f.name}" calls itself.`);
    const names = new Map<string, ValueId>();
    f.input.forEach((name, i) => {
      const id = inputs[i];
      if (id !== null && id !== undefined) names.set(name, id);
    });
    const inner: Scope = {
      graph: scope.graph,
      names,
      outer: null,
      captures: [],
      opsets: f.opsetImport.length > 0 ? opsetMap(f.opsetImport) : scope.opsets,
      path: `${source}/${f.name}/`,
      calls: scope.calls + 1,
    };
    const results = new Map<string, ValueId>();
    f.output.forEach((name, i) => {
      const out = outputs[i];
      if (out === undefined) return;
      const passed = names.get(name);
      if (passed === undefined) results.set(name, out);
      else {
        // An input handed through.
        this.sources.set(source, { id: source, op: f.name, name: '' });
        scope.graph.addNode({
          op: 'Identity',
          domain: '',
          name: '',
          attrs: {},
          inputs: [passed],
          outputs: [out],
          source: [source],
        });
      }
    });
    const given = new Map([...f.attributeProto, ...attributes].map((a) => [a.name, a]));
    // Optional inputs that the caller leaves out read as absent inside.
    const absent = new Set(f.input.filter((name) => !names.has(name)));
    const body =
      absent.size === 0
        ? f.node
        : f.node.map((n) => ({ ...pick(n), input: n.input.map((x) => (absent.has(x) ? '' : x)) }));
    this.addNodes(inner, body, new Map(), { attrs: given, results });
  }
}

const pick = (n: NodeProto): NodeProto => ({
  input: n.input,
  output: n.output,
  name: n.name,
  opType: n.opType,
  attribute: n.attribute,
  domain: n.domain,
  overload: n.overload,
});

const isConstant = (n: NodeProto): boolean =>
  n.opType === 'Constant' && domainOf(n.domain) === '' && n.output.length === 1;

const labelOf = (n: NodeProto, source: SourceId): string => `${n.opType} "${n.name || source}"`;

/** Attributes of a function body's node, references to the caller's attributes replaced. */
function substitute(
  attributes: readonly AttributeProto[],
  given: ReadonlyMap<string, AttributeProto>,
): AttributeProto[] {
  return attributes.flatMap((a) => {
    if (!a.refAttrName) return [a];
    const value = given.get(a.refAttrName);
    return value ? [Object.create(value, { name: { value: a.name, enumerable: true } }) as AttributeProto] : [];
  });
}
