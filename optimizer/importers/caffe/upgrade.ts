import { ImportError } from '../error.ts';
import type {
  LayerParameter,
  NetParameter,
  NetStateRule,
  Settings,
  V0LayerParameter,
  V1LayerParameter,
} from './messages.ts';
import { caffeType } from './schema.ts';

/* Older files: layers with numbered types (V1), and before them one flat message per layer (V0). */

/** Names of V1 layer types that are not their constant in camel case. */
const V1_NAMES: Readonly<Record<string, string>> = {
  ABSVAL: 'AbsVal',
  ARGMAX: 'ArgMax',
  BNLL: 'BNLL',
  HDF5_DATA: 'HDF5Data',
  HDF5_OUTPUT: 'HDF5Output',
  IM2COL: 'Im2col',
  LRN: 'LRN',
  MVN: 'MVN',
  RELU: 'ReLU',
  SOFTMAX_LOSS: 'SoftmaxWithLoss',
  TANH: 'TanH',
};

/** V0 type names and the layers they became. */
const V0_NAMES: Readonly<Record<string, string>> = {
  accuracy: 'Accuracy',
  bnll: 'BNLL',
  concat: 'Concat',
  conv: 'Convolution',
  data: 'Data',
  dropout: 'Dropout',
  euclidean_loss: 'EuclideanLoss',
  flatten: 'Flatten',
  hdf5_data: 'HDF5Data',
  images: 'ImageData',
  innerproduct: 'InnerProduct',
  lrn: 'LRN',
  multinomial_logistic_loss: 'MultinomialLogisticLoss',
  pool: 'Pooling',
  relu: 'ReLU',
  sigmoid: 'Sigmoid',
  softmax: 'Softmax',
  softmax_loss: 'SoftmaxWithLoss',
  split: 'Split',
  tanh: 'TanH',
  window_data: 'WindowData',
};

const camelCase = (constant: string): string =>
  constant
    .toLowerCase()
    .split('_')
    .map((w) => w[0]!.toUpperCase() + w.slice(1))
    .join('');

/** The network's layers in today's form; padding layers of V0 are merged into the layer that reads them. */
export function layersOf(net: NetParameter): LayerParameter[] {
  if (net.layers.length === 0) return [...net.layer];
  if (net.layer.length > 0)
    throw new ImportError('not-a-model', 'The network has layers in the old and the new form ("layers" and "layer").');
  const padding = new Map<string, { bottom: string; pad: number }>();
  const out: LayerParameter[] = [];
  for (const v1 of net.layers) {
    if (v1.layer?.type === 'padding') {
      padding.set(v1.top[0] ?? '', { bottom: v1.bottom[0] ?? '', pad: v1.layer.pad as number });
      continue;
    }
    const pads = v1.bottom.map((b) => padding.get(b));
    const bottom = v1.bottom.map((b, i) => pads[i]?.bottom ?? b);
    out.push(v1.layer ? fromV0(v1, v1.layer, bottom, pads.find((p) => p)?.pad) : fromV1(v1, bottom));
  }
  return out;
}

const V1_TYPES = (): Readonly<Record<number, string>> =>
  caffeType('V1LayerParameter').lookupEnum('LayerType').valuesById;

function fromV1(v1: V1LayerParameter, bottom: readonly string[]): LayerParameter {
  const constant = V1_TYPES()[v1.type] ?? `type ${v1.type}`;
  const settings = Object.fromEntries(
    Object.entries(v1).filter(([key, value]) => key.endsWith('_param') && value !== null),
  );
  return layer(v1.name, V1_NAMES[constant] ?? camelCase(constant), bottom, v1, v1.blobs, settings);
}

function layer(
  name: string,
  type: string,
  bottom: readonly string[],
  v1: V1LayerParameter,
  blobs: LayerParameter['blobs'],
  settings: Settings,
): LayerParameter {
  const include: readonly NetStateRule[] = v1.include;
  return caffeType('LayerParameter').create({
    name,
    type,
    bottom,
    top: v1.top,
    blobs,
    include,
    exclude: v1.exclude,
    param: v1.param.map((n) => ({ name: n })),
    ...settings,
  }) as unknown as LayerParameter;
}

function fromV0(
  v1: V1LayerParameter,
  v0: V0LayerParameter,
  bottom: readonly string[],
  padding: number | undefined,
): LayerParameter {
  const type = V0_NAMES[v0.type] ?? v0.type;
  const pad = padding ?? v0.pad;
  const make = (message: string, fields: Settings): object => caffeType(message).create({ ...fields });
  const settings: Record<string, object> = {};
  if (type === 'Convolution') {
    settings.convolution_param = make('ConvolutionParameter', {
      num_output: v0.num_output,
      bias_term: v0.biasterm,
      pad: [pad],
      kernel_size: [v0.kernelsize],
      group: v0.group,
      stride: [v0.stride],
    });
  } else if (type === 'InnerProduct') {
    settings.inner_product_param = make('InnerProductParameter', { num_output: v0.num_output, bias_term: v0.biasterm });
  } else if (type === 'Pooling') {
    const { pool, kernelsize, stride } = v0;
    settings.pooling_param = make('PoolingParameter', { pool, kernel_size: kernelsize, stride, pad });
  } else if (type === 'LRN') {
    const { local_size, alpha, beta, k } = v0;
    settings.lrn_param = make('LRNParameter', { local_size, alpha, beta, k });
  } else if (type === 'Concat') settings.concat_param = make('ConcatParameter', { axis: v0.concat_dim });
  else if (type === 'Data') {
    settings.data_param = make('DataParameter', { batch_size: v0.batchsize, crop_size: v0.cropsize });
  }
  return layer(v0.name, type, bottom, v1, v0.blobs.length > 0 ? v0.blobs : v1.blobs, settings);
}
