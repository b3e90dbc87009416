import type protobuf from 'protobufjs';
import { protoRoot } from '../common/protoFile.ts';

/** A message type of assets/proto/onnx.proto. */
export const onnxType = (name: string): protobuf.Type => protoRoot('onnx.proto').lookupType(`onnx.${name}`);
