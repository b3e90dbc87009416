import type { DimExpr, Shape } from '../../ir/dim.ts';
import { ImportError } from '../error.ts';
import { int } from '../onnx/messages.ts';
import type { Blobs } from './blobs.ts';
import type { BlobShape, LayerParameter, NetParameter, Settings } from './messages.ts';

/* Where data comes in: Input layers and `input` fields, and the data layers of training files. */

const DATA_LAYERS: ReadonlySet<string> = new Set([
  'AnnotatedData',
  'Data',
  'DummyData',
  'HDF5Data',
  'ImageData',
  'Input',
  'MemoryData',
  'VideoData',
  'WindowData',
]);
/** Layers that only judge or log; the graph goes without them. */
const DROPPED: ReadonlySet<string> = new Set([
  'Accuracy',
  'ContrastiveLoss',
  'DetectionEvaluate',
  'EuclideanLoss',
  'HDF5Output',
  'HingeLoss',
  'InfogainLoss',
  'MultiBoxLoss',
  'MultinomialLogisticLoss',
  'Silence',
  'SmoothL1Loss',
]);

export const isDataLayer = (l: LayerParameter): boolean => DATA_LAYERS.has(l.type);
export const isDropped = (l: LayerParameter): boolean => DROPPED.has(l.type);

const dims = (s: BlobShape): number[] => s.dim.map(int);

/** Inputs that the network names at its top, with their shapes. */
export function declaredInputs(net: NetParameter): { name: string; shape: Shape }[] {
  return net.input.map((name, i) => {
    const shape = net.input_shape[i] ? dims(net.input_shape[i]) : net.input_dim.slice(4 * i, 4 * i + 4);
    if (shape.length === 0) return { name, shape: [0, 1, 2, 3].map((d) => `${name}.${d}`) };
    if (!net.input_shape[i] && shape.length < 4)
      throw new ImportError('bad-shape', `Input "${name}" has ${shape.length} input_dim lines where 4 are needed.`);
    return { name, shape };
  });
}

/** Shape of one top of a data layer; what the file does not say becomes a symbol. */
export function dataShape(l: LayerParameter, top: number, layers: readonly LayerParameter[], blobs: Blobs): Shape {
  const name = l.top[top] ?? '';
  const p = (field: string): Settings => (l[field] as Settings | null | undefined) ?? {};
  if (l.type === 'Input') {
    const shapes = (p('input_param').shape as readonly BlobShape[] | undefined) ?? [];
    const s = shapes.length === 1 ? shapes[0] : shapes[top];
    return s ? dims(s) : [0, 1, 2, 3].map((d) => `${name}.${d}`);
  }
  if (l.type === 'DummyData') {
    const d = p('dummy_data_param');
    const shapes = (d.shape as readonly BlobShape[] | undefined) ?? [];
    const s = shapes.length === 1 ? shapes[0] : shapes[top];
    if (s) return dims(s);
    const one = (f: string): DimExpr => {
      const list = (d[f] as readonly number[] | undefined) ?? [];
      return list[list.length === 1 ? 0 : top] ?? `${name}.${f}`;
    };
    return [one('num'), one('channels'), one('height'), one('width')];
  }
  const m = p('memory_data_param');
  const image = p('image_data_param');
  const batch = m.batch_size ?? image.batch_size ?? p('data_param').batch_size ?? `${name}.0`;
  if (top > 0) return [batch as DimExpr];
  const crop = p('transform_param').crop_size || p('data_param').crop_size || image.crop_size;
  const color = l.type === 'ImageData' ? (image.is_color === false ? 1 : 3) : undefined;
  const channels = m.channels ?? channelsWanted(name, layers, blobs) ?? color ?? `${name}.1`;
  const height = m.height ?? (crop || image.new_height || `${name}.2`);
  const width = m.width ?? (crop || image.new_width || `${name}.3`);
  return [batch, channels, height, width] as DimExpr[];
}

/** Channels that the first convolution over this data has filters for. */
function channelsWanted(name: string, layers: readonly LayerParameter[], blobs: Blobs): number | undefined {
  const reader = layers.find((l) => l.type === 'Convolution' && l.bottom.includes(name));
  const d = reader && blobs.dims(reader, 0);
  const group = ((reader?.convolution_param as Settings | null | undefined)?.group as number | undefined) ?? 1;
  return d ? d[1]! * group : undefined;
}

/** Whether any layer brings or needs trained numbers; a network of none can do without a weights file. */
export const needsWeights = (layers: readonly LayerParameter[]): boolean =>
  layers.some((l) => WEIGHTED.has(l.type) && !(l.type === 'Scale' && l.bottom.length > 1));

const WEIGHTED: ReadonlySet<string> = new Set([
  'BatchNorm',
  'Convolution',
  'ConvolutionDepthwise',
  'Deconvolution',
  'DepthwiseConvolution',
  'Embed',
  'InnerProduct',
  'LSTM',
  'Normalize',
  'PReLU',
  'RNN',
  'Scale',
]);
