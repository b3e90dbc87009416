import type protobuf from 'protobufjs';
import { protoRoot } from '../common/protoFile.ts';
import type { WireFormat } from '../common/skeleton.ts';

/** A message type of assets/proto/tensorflow.proto. */
export const tensorflowType = (name: string): protobuf.Type =>
  protoRoot('tensorflow.proto').lookupType(`tensorflow.${name}`);

type Kind = 'Saved' | 'Meta' | 'Graph' | 'Library' | 'Function' | 'Node' | 'AttrEntry' | 'Attr' | 'Tensor';

const nested: WireFormat<Kind>['nested'] = {
  Saved: { 2: 'Meta' },
  Meta: { 2: 'Graph' },
  Graph: { 1: 'Node', 2: 'Library' },
  Library: { 1: 'Function' },
  Function: { 3: 'Node' },
  Node: { 5: 'AttrEntry' },
  AttrEntry: { 2: 'Attr' },
  Attr: { 8: 'Tensor' },
  Tensor: {},
};
const common = {
  nested,
  // Asset tables, Keras' own metadata and gradients.
  dropped: { Meta: new Set([4, 6, 7]), Library: new Set([2]), Node: new Set([6]) },
  payloads: { Tensor: new Set([4, 5, 6]) },
  steps: new Set<Kind>(['Graph', 'Library', 'Saved']),
} as const;

/** Where tensors stand in a frozen graph and in a SavedModel, by the field numbers of tensorflow.proto. */
export const GRAPH_WIRE: WireFormat<Kind> = { ...common, what: 'a TensorFlow graph', root: 'Graph' };
export const SAVED_MODEL_WIRE: WireFormat<Kind> = { ...common, what: 'a TensorFlow SavedModel', root: 'Saved' };
