import { Net } from './net.ts';

/*
 * Classic Caffe networks by their published layers: kernels, strides, groups, pads and connections are the real ones.
 * `width` divides every channel count, so that the plain reference stays quick.
 */

const relu = (net: Net, x: string): string => net.add('ReLU', `relu_${x}`, x, {}, [], x);

export function conv(
  net: Net,
  name: string,
  bottom: string,
  [c, m]: readonly [number, number],
  p: Readonly<Record<string, unknown>>,
  bias = true,
): string {
  const k = p.kernel_size as number;
  const group = (p.group as number | undefined) ?? 1;
  // Keeps the variance of activations: deep networks must not fade or explode.
  const scale = Math.sqrt(6 / ((c / group) * k * k)) * 0.9;
  const blobs = [net.blob([m, c / group, k, k], scale), ...(bias ? [net.blob([m], 0.1)] : [])];
  return net.add('Convolution', name, bottom, { convolution_param: { num_output: m, bias_term: bias, ...p } }, blobs);
}

function fc(net: Net, name: string, bottom: string, k: number, n: number): string {
  const params = { inner_product_param: { num_output: n } };
  return net.add('InnerProduct', name, bottom, params, [net.blob([n, k], Math.sqrt(6 / k)), net.blob([n], 0.1)]);
}
const pool = (net: Net, name: string, bottom: string, p: Readonly<Record<string, unknown>>): string =>
  net.add('Pooling', name, bottom, { pooling_param: p });

export function caffeNet(width: number): Net {
  const net = new Net('caffenet');
  const w = (n: number): number => n / width;
  const norm = { lrn_param: { local_size: 5, alpha: 0.0001, beta: 0.75 } };
  const data = net.input('data', 1, 3, 227, 227);
  let x = relu(net, conv(net, 'conv1', data, [3, w(96)], { kernel_size: 11, stride: 4 }));
  x = net.add('LRN', 'norm1', pool(net, 'pool1', x, { pool: 'MAX', kernel_size: 3, stride: 2 }), norm);
  x = relu(net, conv(net, 'conv2', x, [w(96), w(256)], { kernel_size: 5, pad: 2, group: 2 }));
  x = net.add('LRN', 'norm2', pool(net, 'pool2', x, { pool: 'MAX', kernel_size: 3, stride: 2 }), norm);
  x = relu(net, conv(net, 'conv3', x, [w(256), w(384)], { kernel_size: 3, pad: 1 }));
  x = relu(net, conv(net, 'conv4', x, [w(384), w(384)], { kernel_size: 3, pad: 1, group: 2 }));
  x = relu(net, conv(net, 'conv5', x, [w(384), w(256)], { kernel_size: 3, pad: 1, group: 2 }));
  x = pool(net, 'pool5', x, { pool: 'MAX', kernel_size: 3, stride: 2 });
  x = relu(net, fc(net, 'fc6', x, w(256) * 36, w(4096)));
  x = net.add('Dropout', 'drop6', x, { dropout_param: { dropout_ratio: 0.5 } }, [], x);
  x = relu(net, fc(net, 'fc7', x, w(4096), w(4096)));
  net.add('Softmax', 'prob', fc(net, 'fc8', x, w(4096), 1000));
  return net;
}

export function googleNet(width: number, image = 224): Net {
  const net = new Net('googlenet');
  const w = (n: number): number => n / width;
  const cbr = (name: string, x: string, c: number, m: number, p: Readonly<Record<string, unknown>>): string =>
    relu(net, conv(net, name, x, [c, m], p));
  const norm = { lrn_param: { local_size: 5, alpha: 0.0001, beta: 0.75 } };
  let x = cbr('conv1/7x7_s2', net.input('data', 1, 3, image, image), 3, w(64), { kernel_size: 7, stride: 2, pad: 3 });
  x = pool(net, 'pool1/3x3_s2', x, { pool: 'MAX', kernel_size: 3, stride: 2 });
  x = net.add('LRN', 'pool1/norm1', x, norm);
  x = cbr('conv2/3x3_reduce', x, w(64), w(64), { kernel_size: 1 });
  x = net.add('LRN', 'conv2/norm2', cbr('conv2/3x3', x, w(64), w(192), { kernel_size: 3, pad: 1 }), norm);
  x = pool(net, 'pool2/3x3_s2', x, { pool: 'MAX', kernel_size: 3, stride: 2 });
  let c = w(192);
  const modules: Record<string, readonly number[]> = {
    '3a': [64, 96, 128, 16, 32, 32],
    '3b': [128, 128, 192, 32, 96, 64],
    '4a': [192, 96, 208, 16, 48, 64],
    '4b': [160, 112, 224, 24, 64, 64],
    '4c': [128, 128, 256, 24, 64, 64],
    '4d': [112, 144, 288, 32, 64, 64],
    '4e': [256, 160, 320, 32, 128, 128],
    '5a': [256, 160, 320, 32, 128, 128],
    '5b': [384, 192, 384, 48, 128, 128],
  };
  for (const [name, sizes] of Object.entries(modules)) {
    if (name === '4a' || name === '5a')
      x = pool(net, `pool${name[0]}/3x3_s2`, x, { pool: 'MAX', kernel_size: 3, stride: 2 });
    const [one, r3, three, r5, five, proj] = sizes.map(w) as [number, number, number, number, number, number];
    const at = `inception_${name}`;
    const branches = [
      cbr(`${at}/1x1`, x, c, one, { kernel_size: 1 }),
      cbr(`${at}/3x3`, cbr(`${at}/3x3_reduce`, x, c, r3, { kernel_size: 1 }), r3, three, { kernel_size: 3, pad: 1 }),
      cbr(`${at}/5x5`, cbr(`${at}/5x5_reduce`, x, c, r5, { kernel_size: 1 }), r5, five, { kernel_size: 5, pad: 2 }),
      cbr(`${at}/pool_proj`, pool(net, `${at}/pool`, x, { pool: 'MAX', kernel_size: 3, stride: 1, pad: 1 }), c, proj, {
        kernel_size: 1,
      }),
    ];
    x = net.add('Concat', `${at}/output`, branches);
    c = one + three + five + proj;
  }
  x = pool(net, 'pool5/7x7_s1', x, { pool: 'AVE', kernel_size: image / 32, stride: 1 });
  x = net.add('Dropout', 'pool5/drop_7x7_s1', x, { dropout_param: { dropout_ratio: 0.4 } }, [], x);
  net.add('Softmax', 'prob', fc(net, 'loss3/classifier', x, c, 1000));
  return net;
}

/** SqueezeNet 1.1. */
export function squeezeNet(width: number, image = 227): Net {
  const net = new Net('squeezenet');
  const w = (n: number): number => n / width;
  let x = relu(
    net,
    conv(net, 'conv1', net.input('data', 1, 3, image, image), [3, w(64)], { kernel_size: 3, stride: 2 }),
  );
  x = pool(net, 'pool1', x, { pool: 'MAX', kernel_size: 3, stride: 2 });
  let c = w(64);
  for (const [i, squeeze, expand] of [
    [2, 16, 64],
    [3, 16, 64],
    [4, 32, 128],
    [5, 32, 128],
    [6, 48, 192],
    [7, 48, 192],
    [8, 64, 256],
    [9, 64, 256],
  ] as const) {
    if (i === 4 || i === 6) x = pool(net, `pool${i - 1}`, x, { pool: 'MAX', kernel_size: 3, stride: 2 });
    const s = relu(net, conv(net, `fire${i}/squeeze1x1`, x, [c, w(squeeze)], { kernel_size: 1 }));
    const a = relu(net, conv(net, `fire${i}/expand1x1`, s, [w(squeeze), w(expand)], { kernel_size: 1 }));
    const b = relu(net, conv(net, `fire${i}/expand3x3`, s, [w(squeeze), w(expand)], { kernel_size: 3, pad: 1 }));
    x = net.add('Concat', `fire${i}/concat`, [a, b]);
    c = 2 * w(expand);
  }
  x = net.add('Dropout', 'drop9', x, { dropout_param: { dropout_ratio: 0.5 } }, [], x);
  x = relu(net, conv(net, 'conv10', x, [c, 1000], { kernel_size: 1 }));
  net.add('Softmax', 'prob', pool(net, 'pool10', x, { pool: 'AVE', global_pooling: true }));
  return net;
}

/** Batch normalization as Caffe writes it: statistics in one layer, scale and shift in the next, both in place. */
export function normalized(net: Net, name: string, x: string, c: number): string {
  const stats = [net.blob([c], 0.3), net.blob([c], 0.5, 2), { ...net.blob([1]), data: Float64Array.of(1.5) }];
  net.add('BatchNorm', `bn_${name}`, x, { batch_norm_param: { use_global_stats: true } }, stats, x);
  return net.add(
    'Scale',
    `scale_${name}`,
    x,
    { scale_param: { bias_term: true } },
    [net.blob([c], 0.2, 0.8), net.blob([c], 0.1)],
    x,
  );
}

export function resNet50(width: number, image = 224): Net {
  const net = new Net('resnet50');
  const unit = (name: string, x: string, c: number, m: number, p: Readonly<Record<string, unknown>>): string =>
    normalized(net, name, conv(net, name, x, [c, m], p, false), m);
  const c1 = 64 / width;
  let x = relu(net, unit('conv1', net.input('data', 1, 3, image, image), 3, c1, { kernel_size: 7, stride: 2, pad: 3 }));
  x = pool(net, 'pool1', x, { pool: 'MAX', kernel_size: 3, stride: 2 });
  let c = c1;
  [3, 4, 6, 3].forEach((blocks, stage) => {
    const mid = (64 / width) * 2 ** stage;
    for (let b = 0; b < blocks; b++) {
      const at = `res${stage + 2}${'abcdef'[b]}`;
      const stride = b === 0 && stage > 0 ? 2 : 1;
      const short = b === 0 ? unit(`${at}_branch1`, x, c, 4 * mid, { kernel_size: 1, stride }) : x;
      let y = relu(net, unit(`${at}_branch2a`, x, c, mid, { kernel_size: 1, stride }));
      y = relu(net, unit(`${at}_branch2b`, y, mid, mid, { kernel_size: 3, pad: 1 }));
      y = unit(`${at}_branch2c`, y, mid, 4 * mid, { kernel_size: 1 });
      x = relu(net, net.add('Eltwise', at, [short, y]));
      c = 4 * mid;
    }
  });
  x = pool(net, 'pool5', x, { pool: 'AVE', kernel_size: image / 32, stride: 1 });
  net.add('Softmax', 'prob', fc(net, 'fc1000', x, c, 1000));
  return net;
}

/** A detector in the shape of MobileNet-SSD: depthwise blocks, two heads with priors, detection output. */
export function mobileNetSsd(width: number, image = 96): Net {
  const net = new Net('mobilenet-ssd');
  const w = (n: number): number => n / width;
  const cbr = (name: string, x: string, c: number, m: number, p: Readonly<Record<string, unknown>>): string =>
    relu(net, normalized(net, name, conv(net, name, x, [c, m], p, false), m));
  const data = net.input('data', 1, 3, image, image);
  let x = cbr('conv0', data, 3, w(32), { kernel_size: 3, stride: 2, pad: 1 });
  let c = w(32);
  const block = (i: number, m: number, stride: number): string => {
    x = cbr(`conv${i}/dw`, x, c, c, { kernel_size: 3, stride, pad: 1, group: c });
    x = cbr(`conv${i}`, x, c, m, { kernel_size: 1 });
    c = m;
    return x;
  };
  [64, 128, 128, 256, 256].forEach((m, i) => block(i + 1, w(m), i % 2 === 1 ? 2 : 1));
  const heads: [string, number][] = [[x, c]];
  heads.push([block(6, w(512), 2), w(512)]);
  const classes = 5;
  const [locs, confs, priors]: [string[], string[], string[]] = [[], [], []];
  heads.forEach(([source, channels], i) => {
    const ratios = i === 0 ? [2] : [2, 3];
    const boxes = 1 + (i === 0 ? 0 : 1) + 2 * ratios.length;
    const head = (kind: string, per: number): string => {
      const y = conv(net, `head${i}_${kind}`, source, [channels, boxes * per], { kernel_size: 1 }, kind === 'loc');
      const p = net.add('Permute', `head${i}_${kind}_perm`, y, { permute_param: { order: [0, 2, 3, 1] } });
      return net.add('Flatten', `head${i}_${kind}_flat`, p, { flatten_param: { axis: 1 } });
    };
    locs.push(head('loc', 4));
    confs.push(head('conf', classes));
    const prior = {
      min_size: [20 + 30 * i],
      ...(i === 0 ? {} : { max_size: [80] }),
      aspect_ratio: ratios,
      flip: true,
      clip: false,
      variance: [0.1, 0.1, 0.2, 0.2],
      offset: 0.5,
    };
    priors.push(net.add('PriorBox', `head${i}_prior`, [source, data], { prior_box_param: prior }));
  });
  const loc = net.add('Concat', 'mbox_loc', locs, { concat_param: { axis: 1 } });
  const conf = net.add('Concat', 'mbox_conf', confs, { concat_param: { axis: 1 } });
  const prior = net.add('Concat', 'mbox_prior', priors, { concat_param: { axis: 2 } });
  const shaped = net.add('Reshape', 'mbox_conf_reshape', conf, { reshape_param: { shape: { dim: [0, -1, classes] } } });
  const soft = net.add('Softmax', 'mbox_conf_softmax', shaped, { softmax_param: { axis: 2 } });
  const flat = net.add('Flatten', 'mbox_conf_flatten', soft, { flatten_param: { axis: 1 } });
  net.add('DetectionOutput', 'detection_out', [loc, flat, prior], {
    detection_output_param: {
      num_classes: classes,
      share_location: true,
      background_label_id: 0,
      nms_param: { nms_threshold: 0.45, top_k: 100 },
      code_type: 'CENTER_SIZE',
      keep_top_k: 150,
      confidence_threshold: 0.15,
    },
  });
  return net;
}

/** A fully convolutional network: scores at two depths, learned upsampling, crops to fit. */
export function fcn(width: number, image = 64): Net {
  const net = new Net('fcn');
  const w = (n: number): number => n / width;
  const classes = 7;
  const data = net.input('data', 1, 3, image, image);
  let x = relu(net, conv(net, 'conv1_1', data, [3, w(64)], { kernel_size: 3, pad: 20 }));
  x = pool(net, 'pool1', x, { pool: 'MAX', kernel_size: 2, stride: 2 });
  x = relu(net, conv(net, 'conv2_1', x, [w(64), w(128)], { kernel_size: 3, pad: 1 }));
  const pool2 = pool(net, 'pool2', x, { pool: 'MAX', kernel_size: 2, stride: 2 });
  x = relu(net, conv(net, 'conv3_1', pool2, [w(128), w(256)], { kernel_size: 3, pad: 2, dilation: 2 }));
  x = pool(net, 'pool3', x, { pool: 'MAX', kernel_size: 2, stride: 2 });
  x = relu(net, conv(net, 'fc6', x, [w(256), w(256)], { kernel_size: 3 }));
  const score = conv(net, 'score_fr', x, [w(256), classes], { kernel_size: 1 });
  const up = (name: string, from: string, kernel: number, stride: number, group: number): string =>
    net.add(
      'Deconvolution',
      name,
      from,
      { convolution_param: { num_output: classes, bias_term: group > 1, kernel_size: kernel, stride, group } },
      [net.blob([classes, classes / group, kernel, kernel], 0.3), ...(group > 1 ? [net.blob([classes], 0.1)] : [])],
    );
  const upscore2 = up('upscore2', score, 4, 2, 1);
  const side = conv(net, 'score_pool2', pool2, [w(128), classes], { kernel_size: 1 });
  const cropped = net.add('Crop', 'score_pool2c', [side, upscore2], { crop_param: { axis: 2, offset: 1 } });
  const fused = net.add('Eltwise', 'fuse_pool2', [upscore2, cropped], { eltwise_param: { operation: 'SUM' } });
  const full = up('upscore', fused, 8, 4, classes);
  net.add('Crop', 'score', [full, data], { crop_param: { axis: 2, offset: [18, 17] } });
  return net;
}

/** Words to classes: embedding, two LSTM layers over sequences that restart in the middle, a score per step. */
export function lstmNet(): Net {
  const net = new Net('lstm');
  const [steps, batch, hidden, words] = [6, 3, 10, 20];
  const text = net.input('words', steps, batch);
  const cont = net.input('cont', steps, batch);
  let x = net.add('Embed', 'embedding', text, { embed_param: { num_output: 8, input_dim: words, bias_term: false } }, [
    net.blob([words, 8]),
  ]);
  const lstm = (name: string, from: string, k: number): string =>
    net.add('LSTM', name, [from, cont], { recurrent_param: { num_output: hidden } }, [
      net.blob([4 * hidden, k]),
      net.blob([4 * hidden], 0.2),
      net.blob([4 * hidden, hidden]),
    ]);
  x = lstm('lstm2', lstm('lstm1', x, 8), hidden);
  const scores = net.add('InnerProduct', 'predict', x, { inner_product_param: { num_output: words, axis: 2 } }, [
    net.blob([words, hidden]),
    net.blob([words]),
  ]);
  net.add('Softmax', 'probs', scores, { softmax_param: { axis: 2 } });
  return net;
}
