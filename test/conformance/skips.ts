import { readFileSync } from 'node:fs';
import type { GraphProto } from '../../optimizer/importers/onnx/messages.ts';
import { onnxType } from '../../optimizer/importers/onnx/schema.ts';

/** The only reasons for which a case is not judged. */
export type SkipReason = 'training' | 'string processing';

export interface CaseFacts {
  /** Operators of the model, subgraphs included, each once, sorted. */
  readonly operators: readonly string[];
  readonly skip: SkipReason | null;
}

const TRAINING = new Set(['Adagrad', 'Adam', 'Momentum', 'Gradient']);
const STRINGS = new Set(['StringNormalizer', 'TfIdfVectorizer', 'StringSplit', 'StringConcat', 'RegexFullMatch']);
const STRING_TYPE = 8;

interface Model {
  readonly graph: GraphProto;
  readonly functions: readonly { readonly node: GraphProto['node'] }[];
}

/** What a model file contains, whether or not it can be imported. */
export function factsOf(file: string): CaseFacts {
  const model = onnxType('ModelProto').decode(readFileSync(file)) as unknown as Model;
  const operators = new Set<string>();
  let skip: SkipReason | null = null;
  const types = [...model.graph.input, ...model.graph.output].map((v) => v.type?.tensorType?.elemType);
  if (types.includes(STRING_TYPE)) skip = 'string processing';
  const visit = (nodes: GraphProto['node']): void => {
    for (const n of nodes) {
      operators.add(n.domain && n.domain !== 'ai.onnx' ? `${n.domain}.${n.opType}` : n.opType);
      if (TRAINING.has(n.opType) || trains(n)) skip ??= 'training';
      if (STRINGS.has(n.opType)) skip ??= 'string processing';
      for (const a of n.attribute) {
        if (n.opType.startsWith('Cast') && a.name === 'to' && Number(a.i) === STRING_TYPE) skip ??= 'string processing';
        if (a.g) visit(a.g.node);
      }
    }
  };
  visit(model.graph.node);
  for (const f of model.functions) visit(f.node);
  return { operators: [...operators].sort(), skip };
}

/** BatchNormalization and Dropout in their training modes (a Dropout's third input says so). */
function trains(n: GraphProto['node'][number]): boolean {
  if (n.opType === 'BatchNormalization') {
    return n.attribute.some((a) => a.name === 'training_mode' && Number(a.i) === 1);
  }
  return n.opType === 'Dropout' && (n.input[2] ?? '') !== '';
}
