import type protobuf from 'protobufjs';
import { protoRoot } from '../common/protoFile.ts';
import type { WireFormat } from '../common/skeleton.ts';

/** A message type of assets/proto/caffe.proto. */
export const caffeType = (name: string): protobuf.Type => protoRoot('caffe.proto', true).lookupType(`caffe.${name}`);

type Kind = 'Net' | 'Layer' | 'V1Layer' | 'V0Layer' | 'Blob';

/** Where blobs stand in a caffemodel, by the field numbers of caffe.proto. */
export const CAFFE_WIRE: WireFormat<Kind> = {
  what: 'a Caffe model',
  root: 'Net',
  nested: {
    Net: { 2: 'V1Layer', 100: 'Layer' },
    Layer: { 7: 'Blob' },
    V1Layer: { 1: 'V0Layer', 6: 'Blob' },
    V0Layer: { 50: 'Blob' },
    Blob: {},
  },
  // Gradients.
  dropped: { Blob: new Set([6, 9]) },
  payloads: { Blob: new Set([5, 8]) },
  steps: new Set<Kind>(['Net']),
};
