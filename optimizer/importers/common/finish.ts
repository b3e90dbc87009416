import type { Graph } from '../../ir/graph.ts';
import { OpError } from '../../ops/op.ts';
import type { ImportedModel, ImportOptions, ModelTensor } from '../model.ts';

type Given = Pick<ImportedModel, 'format' | 'path' | 'name' | 'graph' | 'unsupported' | 'warnings'> &
  Partial<ImportedModel>;

/** An imported model that is not ONNX's: what only ONNX files say is filled in. */
export function finishModel(given: Given): ImportedModel {
  const { graph } = given;
  const named = (ids: readonly number[]): ModelTensor[] =>
    ids.map((id) => ({ name: graph.value(id).name, type: graph.value(id).type }));
  graph.name = given.name;
  return {
    producer: { name: '', version: '' },
    irVersion: 0,
    opsets: {},
    metadata: {},
    inputs: named(graph.inputs),
    outputs: named(graph.outputs),
    ...given,
  };
}

/** Shapes that the user gave for inputs which do not exist are a mistake worth saying. */
export function checkShapeNames(graph: Graph, options: ImportOptions): void {
  const names = graph.inputs.map((id) => graph.value(id).name);
  for (const name of Object.keys(options.shapes ?? {})) {
    if (names.includes(name)) continue;
    const list = names.map((n) => `"${n}"`).join(', ');
    throw new OpError(`The model has no input "${name}"; its inputs are ${list}.`);
  }
}
