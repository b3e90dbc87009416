import type { DataType } from '../../ir/dtype.ts';
import type { Graph, ValueId } from '../../ir/graph.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { OpError } from '../../ops/op.ts';
import { Emitter, Unconvertible } from '../common/emitter.ts';
import type { FileWeights } from '../common/fileWeights.ts';
import { ImportError } from '../error.ts';
import type { ImportOptions } from '../model.ts';
import { merge, switchResults } from './branches.ts';
import type { Conversion } from './conversion.ts';
import { dtypeOf } from './dtypes.ts';
import { exitLoop } from './frames.ts';
import { callFunction, isCall } from './functions.ts';
import { ifNode, whileNode } from './loops.ts';
import type { FunctionDef, NodeDef } from './messages.ts';
import { isValue, NodeContext, type Resource, type Result } from './node.ts';
import { OPS } from './ops/index.ts';
import { pluginOperator } from './plugin.ts';
import type { Scope } from './scope.ts';
import { tensorWeight } from './tensor.ts';
import type { Variables } from './variables.ts';

/** Nodes after inlining and unrolling: what no real model reaches. */
const MAX_NODES = 500_000;

/** Converts the nodes that a set of results needs, functions and known branches included. */
export class Converter implements Conversion {
  readonly e: Emitter;
  /** Graphs of loops, which refer to the same files. */
  readonly subgraphs: Graph[] = [];
  readonly functions: ReadonlyMap<string, FunctionDef>;
  private readonly store: FileWeights;
  private readonly variables: Variables;
  private readonly options: ImportOptions;
  private readonly input: (def: NodeDef) => ValueId;
  private readonly constants: ReadonlyMap<string, WeightExpr> | undefined;
  private count = 0;

  constructor(
    functions: readonly FunctionDef[],
    store: FileWeights,
    variables: Variables,
    options: ImportOptions,
    /** Makes the graph input for a placeholder. */
    input: (def: NodeDef) => ValueId,
    /** Constants whose values lie outside the graph, by node name. */
    constants?: ReadonlyMap<string, WeightExpr>,
    /** Of a subgraph: where it stands. */
    place = '',
  ) {
    this.e = new Emitter('tensorflow', place);
    this.functions = new Map(functions.map((f) => [f.signature.name, f]));
    this.store = store;
    this.variables = variables;
    this.options = options;
    this.input = input;
    this.constants = constants;
  }

  /** A converter for the body of a loop, which is a graph of its own. */
  nested(place: string): Converter {
    const { store, variables, options, input, constants } = this;
    return new Converter([...this.functions.values()], store, variables, options, input, constants, place);
  }

  /** Takes over what a nested converter found out; its graph becomes part of this one. */
  adopt(inner: Conversion): void {
    for (const [id, s] of inner.e.graph.sources) this.e.graph.sources.set(id, s);
    this.e.unsupported.push(...inner.e.unsupported);
    for (const n of inner.e.notes) this.e.notes.add(n);
    this.subgraphs.push(inner.e.graph, ...inner.subgraphs);
  }

  /** The results that the references name, in a scope whose other results may already be known. */
  run(scope: Scope, targets: readonly string[]): Result[] {
    const order = scope.order(targets);
    order.forEach((def, i) => {
      if (++this.count > MAX_NODES)
        throw new ImportError(
          'unsupported-feature',
          `The model has more than ${MAX_NODES} operators once it is unrolled.`,
        );
      if (this.count % 256 === 0) {
        this.options.stop?.throwIfAborted();
        if (scope.depth === 0) this.options.onProgress?.('infer', i, order.length);
      }
      scope.results.set(def.name, this.node(scope, def));
    });
    return targets.map((t) => this.result(scope, t));
  }

  result(scope: Scope, text: string): Result {
    const { node, output } = scope.reference(text);
    const r = scope.results.get(node)?.[output];
    if (r === undefined)
      throw new ImportError('undefined-value', `Result ${output} of "${node}" is read, but it has none.`);
    return r;
  }

  private node(scope: Scope, def: NodeDef): readonly Result[] {
    if (/^(Ref)?NextIteration$/.test(def.op)) return this.refuse(scope, def, [], LOOPS);
    try {
      return this.convertNode(scope, def);
    } catch (error) {
      if (error instanceof Unconvertible) return this.refuse(scope, def, [], error.message);
      throw error;
    }
  }

  /** The node stays as it is and is marked. */
  private refuse(scope: Scope, def: NodeDef, inputs: readonly ValueId[], why: string): readonly Result[] {
    const { index } = scope.nodes.get(def.name)!;
    const source = { id: `${scope.path}${index}`, op: def.op, name: def.name };
    const refuse = (): never => {
      throw new Unconvertible(why);
    };
    return this.e.operator(source, inputs, resultNames(def), refuse, elementType(def));
  }

  private convertNode(scope: Scope, def: NodeDef): readonly Result[] {
    const leaves = def.op === 'Exit' || def.op === 'RefExit';
    const refs = leaves ? [] : def.input.filter((i) => !i.startsWith('^'));
    const inputs = refs.map((i) => this.result(scope, i));
    if (def.op === 'Merge' || def.op === 'RefMerge') return merge(this, scope, def, refs, inputs);
    const dead = inputs.some((r) => r === 'dead');
    // Whatever hangs on a branch that is not taken is not there either.
    if (dead) return new Array<Result>(MOST_RESULTS).fill('dead');
    switch (def.op) {
      case 'Const':
        return [this.constant(scope, def)];
      case 'Placeholder':
      case 'PlaceholderV2':
        return [this.input(def)];
      case 'PlaceholderWithDefault':
        return [inputs[0]!];
      case 'Switch':
      case 'RefSwitch':
        return switchResults(this.e, inputs);
      case 'NoOp':
      case 'Assert':
        return [];
      case 'VarHandleOp':
        return [resource(def)];
      case 'Variable':
      case 'VariableV2':
        return [this.variable(resource(def))];
      case 'ReadVariableOp':
        return [this.read(def, inputs[0])];
      case 'ResourceGather':
        return this.convert(scope, { ...def, op: 'GatherV2' }, [this.read(def, inputs[0]), inputs[1]!], def.op);
      case 'Exit':
      case 'RefExit':
        return exitLoop(this, scope, def);
      case 'LoopCond':
        return [inputs[0]!];
      case 'If':
      case 'StatelessIf':
        return ifNode(this, scope, def, inputs);
      case 'While':
      case 'StatelessWhile':
        return whileNode(this, scope, def, inputs);
    }
    if (isCall(this.functions, def)) return callFunction(this, scope, def, inputs);
    return this.convert(scope, def, inputs, def.op);
  }

  private constant(scope: Scope, def: NodeDef): ValueId {
    const { index } = scope.nodes.get(def.name)!;
    const id = `${scope.path}${index}`;
    this.e.graph.sources.set(id, { id, op: def.op, name: def.name });
    const outside = this.constants?.get(def.name);
    if (outside) return this.e.weight(outside, def.name);
    const t = def.attr.value?.tensor;
    if (!t) throw new ImportError('bad-tensor', `Const "${def.name}" has no value.`);
    return this.e.weight(tensorWeight(t, this.store, `Const "${def.name}"`), def.name);
  }

  private variable(r: Resource): ValueId {
    return this.e.weight(this.variables.value(r), r.variable);
  }
  private read(def: NodeDef, r: Result | undefined): ValueId {
    if (typeof r === 'object' && 'variable' in r) return this.variable(r);
    if (isValue(r)) return r;
    throw new ImportError('invalid-operator', `${def.op} "${def.name}" does not read a variable.`);
  }

  /** Through the table of operators; one that is not there, or cannot be expressed, stays and is marked. */
  convert(scope: Scope, def: NodeDef, inputs: readonly Result[], op: string): readonly Result[] {
    const { index } = scope.nodes.get(def.name)!;
    const source = { id: `${scope.path}${index}`, op, name: def.name };
    const names = resultNames(def);
    const values = inputs.filter(isValue);
    let kept: readonly Result[] | null = null;
    const results = this.e.operator(
      source,
      values,
      names,
      () => {
        const convert = Object.hasOwn(OPS, def.op) ? OPS[def.op] : pluginOperator(def.op);
        if (!convert) throw new Unconvertible('is not an operator that is known here');
        try {
          const out = convert(new NodeContext(this.e, def, inputs));
          if (out.every(isValue)) return out;
          kept = out;
          return [];
        } catch (error) {
          // Behind an operator that nobody knows types are guesses: a contradiction there proves nothing.
          if (error instanceof OpError && this.e.unsupported.length > 0)
            throw new Unconvertible('reads what an unknown operator makes');
          if (error instanceof OpError)
            throw new ImportError('bad-shape', `${op} "${def.name}": ${error.message}.`.replace(/\.\.$/, '.'));
          throw error;
        }
      },
      elementType(def),
    );
    return kept ?? results;
  }

  /** Emits nodes of our own on behalf of a source operator. */
  emit(scope: Scope, def: NodeDef, make: () => ValueId[]): readonly Result[] {
    const { index } = scope.nodes.get(def.name)!;
    return this.e.operator({ id: `${scope.path}${index}`, op: def.op, name: def.name }, [], [def.name], make);
  }
}

const LOOPS = 'belongs to a loop in a form that is not understood: save the model with control flow v2';

/** More than any operator's results that a graph refers to. */
const MOST_RESULTS = 64;

const resource = (def: NodeDef): Resource => ({
  variable: def.name,
  shared: new TextDecoder().decode(def.attr.shared_name?.s ?? new Uint8Array()) || def.name,
});

/** Element type that an operator's attributes give its results. */
function elementType(def: NodeDef): DataType | undefined {
  const t = (def.attr.output_type ?? def.attr.Tout ?? def.attr.dtype ?? def.attr.T)?.type;
  const dtype = t ? dtypeOf(t) : undefined;
  return dtype === 'string' ? undefined : dtype;
}

/** Names of an operator's results; unknown ones have as many as their attributes say, one at least. */
function resultNames(def: NodeDef): string[] {
  const counts = [def.attr.num?.i, def.attr.num_split?.i, def.attr.N?.i].map((n) => Number(n ?? 0));
  const listed = def.attr.Tout?.list?.type.length ?? 0;
  const several = /^(Split|SplitV|Unpack|IdentityN|ShapeN)$/.test(def.op) ? Math.max(...counts) : 0;
  const pairs = /TopK|Unique|NonMaxSuppressionV[45]|ListDiff/.test(def.op) ? 3 : 1;
  const n = Math.min(MOST_RESULTS, Math.max(1, listed, several, pairs));
  return Array.from({ length: n }, (_, i) => (i === 0 ? def.name : `${def.name}:${i}`));
}
