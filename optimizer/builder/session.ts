import { type ImportedModel, importModel } from '../importers/index.ts';
import { isStatic, shapeText } from '../ir/dim.ts';
import { countOf, fromNumbers } from '../ir/tensor.ts';
import { literalWeight } from '../ir/weights.ts';
import { inferTypes } from '../ops/infer.ts';
import type { Optimized, OptimizeOptions } from '../passes/pass.ts';
import { optimize, pipeline } from '../passes/pipeline.ts';
import type { NativeRuntime } from '../runtime.ts';
import { createEvaluator } from './evaluator.ts';

/*
 * The services that the command line and the studio's host share: open, optimize, build (build.ts).
 */

export interface OpenOptions {
  /** Fixed shapes by input name; '' stands for the only input. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** Inputs that always have this value, by name: they become constants, and what they decide is decided. */
  readonly constants?: Readonly<Record<string, readonly number[]>>;
  /** Caffe: the other file of the pair, where it does not lie beside the first. */
  readonly weights?: string;
  readonly stop?: AbortSignal;
}

/** Imports a model file. Throws ImportError with one sentence. */
export async function openModel(path: string, options: OpenOptions = {}): Promise<ImportedModel> {
  let shapes = options.shapes;
  const unnamed = shapes?.[''];
  if (shapes && unnamed) {
    // "--shape 1x3x224x224" without a name: the only input, whatever its name is.
    const first = await importModel(path, options.weights ? { weights: options.weights } : {});
    const { '': _unnamed, ...named } = shapes;
    const free = first.inputs.filter((i) => !(i.name in named));
    if (free.length !== 1)
      throw new RangeError(`the model has ${first.inputs.length} inputs: name the one that the shape is for`);
    shapes = { ...named, [free[0]!.name]: unnamed };
  }
  const model = await importModel(path, {
    ...(shapes ? { shapes: Object.fromEntries(Object.entries(shapes).map(([k, v]) => [k, [...v]])) } : {}),
    ...(options.weights ? { weights: options.weights } : {}),
    ...(options.stop ? { stop: options.stop } : {}),
  });
  return options.constants ? withConstants(model, options.constants) : model;
}

/** The model with the named inputs set; `graph` is changed in place. Throws RangeError naming what does not fit. */
function withConstants(model: ImportedModel, constants: Readonly<Record<string, readonly number[]>>): ImportedModel {
  const { graph } = model;
  for (const [name, numbers] of Object.entries(constants)) {
    const id = graph.inputs.find((v) => graph.value(v).name === name);
    if (id === undefined) {
      throw new RangeError(
        `the model has no input "${name}"; its inputs are ${model.inputs.map((v) => `"${v.name}"`).join(', ')}`,
      );
    }
    const { dtype, shape } = graph.value(id).type;
    if (!shape || !isStatic(shape) || countOf(shape) !== numbers.length) {
      throw new RangeError(`input "${name}" is ${shapeText(shape)}: ${numbers.length} numbers do not fill it`);
    }
    graph.updateValue(id, { weight: literalWeight(fromNumbers(dtype, shape, numbers)) });
    graph.setInputs(graph.inputs.filter((v) => v !== id));
  }
  inferTypes(graph);
  const named = (ids: readonly number[]) => ids.map((v) => ({ name: graph.value(v).name, type: graph.value(v).type }));
  return { ...model, inputs: named(graph.inputs), outputs: named(graph.outputs) };
}

/** Runs the pass pipeline with the native reference kernels as the folding evaluator. The imported graph is not changed. */
export function optimizeModel(model: ImportedModel, runtime: NativeRuntime, options: OptimizeOptions = {}): Optimized {
  return optimize(model.graph, createEvaluator(runtime, model.graph.files), options);
}

/** The model with nothing fused: constants folded (layers need theirs known), every other pass off. */
export function plainModel(model: ImportedModel, runtime: NativeRuntime, stop?: AbortSignal): Optimized {
  const disabledPasses = new Set(pipeline.map((p) => p.name).filter((name) => name !== 'clean-up'));
  return optimizeModel(model, runtime, { disabledPasses, ...(stop ? { stop } : {}) });
}

/** The graph exactly as imported, with an empty trace. */
export function withoutPasses(model: ImportedModel): Optimized {
  const nothing = { nodes: 0, launches: 0, flops: 0, bytes: 0 };
  return { initial: model.graph, graph: model.graph, trace: { before: nothing, passes: [], stale: [] } };
}
