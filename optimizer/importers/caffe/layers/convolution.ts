import { ImportError } from '../../error.ts';
import { type ConvertLayer, type LayerContext, type LayerTable, perDimension } from '../layer.ts';

interface Geometry {
  readonly attrs: Readonly<Record<string, readonly number[] | number>>;
  readonly kernel: readonly number[];
  readonly outputs: number;
  readonly group: number;
  readonly hasBias: boolean;
}

function geometry(c: LayerContext, depthwise: boolean): Geometry {
  const p = c.settings('convolution_param');
  const spatial = c.shape().length - 2;
  if (spatial < 1 || c.axis(p.axis as number) !== 1)
    throw new ImportError('invalid-operator', `${c.label} needs an input of N×C and spatial dimensions.`);
  const list = (name: string, fallback: number, h: string, w: string): number[] => {
    if (Object.hasOwn(p, h) || Object.hasOwn(p, w)) {
      if (spatial !== 2)
        throw new ImportError('invalid-operator', `${c.label} gives ${h} and ${w} for ${spatial}-D data.`);
      return [(p[h] as number) || fallback, (p[w] as number) || fallback];
    }
    return perDimension(c, p[name] as readonly number[], spatial, fallback);
  };
  const kernel = list('kernel_size', 0, 'kernel_h', 'kernel_w');
  if (kernel.some((k) => k < 1)) throw new ImportError('invalid-operator', `${c.label} has no kernel_size.`);
  const pad = list('pad', 0, 'pad_h', 'pad_w');
  const group = depthwise ? c.length(1) : (p.group as number);
  return {
    attrs: {
      kernel_shape: kernel,
      strides: list('stride', 1, 'stride_h', 'stride_w'),
      dilations: perDimension(c, p.dilation as readonly number[], spatial, 1),
      pads: [...pad, ...pad],
      group,
    },
    kernel,
    outputs: p.num_output as number,
    group,
    hasBias: p.bias_term as boolean,
  };
}

/** The same weights slide over each bottom. */
const convolution =
  (depthwise: boolean): ConvertLayer =>
  (c) => {
    const g = geometry(c, depthwise);
    const w = c.blob(0, [g.outputs, c.length(1) / g.group, ...g.kernel]);
    const inputs = g.hasBias ? [w, c.blob(1, [g.outputs])] : [w];
    return c.bottoms.map((x) => c.e.node('Conv', [x, ...inputs], g.attrs));
  };

const deconvolution: ConvertLayer = (c) => {
  const g = geometry(c, false);
  const w = c.blob(0, [c.length(1), g.outputs / g.group, ...g.kernel]);
  const inputs = g.hasBias ? [w, c.blob(1, [g.outputs])] : [w];
  return c.bottoms.map((x) => c.e.node('ConvTranspose', [x, ...inputs], g.attrs));
};

export const CONVOLUTION: LayerTable = {
  Convolution: convolution(false),
  // Of several branches: one filter per channel, whatever `group` says.
  ConvolutionDepthwise: convolution(true),
  DepthwiseConvolution: convolution(true),
  Deconvolution: deconvolution,
};
