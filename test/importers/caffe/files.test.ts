import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildEngine } from '../../../optimizer/builder/build.ts';
import { openModel, optimizeModel } from '../../../optimizer/builder/session.ts';
import { caffeType } from '../../../optimizer/importers/caffe/schema.ts';
import { parseText } from '../../../optimizer/importers/caffe/textFormat.ts';
import { testRuntime } from '../../networks/check.ts';
import { blobMessage, Net } from '../../support/caffe/net.ts';
import { runCaffe } from '../../support/caffe/oracle.ts';
import { runModel } from '../../support/engine.ts';
import { dense, seeded } from '../../support/tensor.ts';
import { asDense, asTensor, worst } from '../compare.ts';
import { scratch } from '../make.ts';

const folder = scratch();
let count = 0;
function place(): string {
  const dir = join(folder, `${count++}`);
  mkdirSync(dir);
  return dir;
}
function text(content: string): string {
  const path = join(place(), 'net.prototxt');
  writeFileSync(path, content);
  return path;
}
const parse = (content: string) =>
  parseText<Record<string, unknown>>(content, caffeType('NetParameter'), 'net.prototxt');

describe('the text format', () => {
  it('reads what protobuf writes', () => {
    const { message, unknown } = parse(`
      # a comment
      name: "a" 'b' "\\x41\\101\\n"; input: "x", input_dim: [1, 2]
      input_dim: 0x10 input_dim: 010
      layer < name: "p" type: "Power" power_param: { power: 1.5e1f scale: -.5 shift: inf } >
      layer { name: "c" type: "Pooling" pooling_param { pool: AVE global_pooling: true } future { deep { x: -1 } list: [A, "b"] } }`);
    expect(message.name).toBe('abAA\n');
    expect(message.input_dim).toEqual([1, 2, 16, 8]);
    const [power, pool] = message.layer as Record<string, Record<string, unknown>>[];
    expect(power!.power_param).toMatchObject({ power: 15, scale: -0.5, shift: Number.POSITIVE_INFINITY });
    expect(pool!.pooling_param).toMatchObject({ pool: 1, global_pooling: true });
    // Defaults are those of the schema.
    expect(pool!.pooling_param!.stride).toBe(1);
    expect(unknown.map((u) => [u.name, u.line])).toEqual([['future', 6]]);
  });

  it.each([
    ['layer {\n  name: "a"\n', 3, 1, 'the "{" of line 1 is never closed'],
    ['layer {\n  name "a"\n}', 2, 8, 'expected ":" or "{" after "name"'],
    [
      'layer {\n  pooling_param { kernel_size: two }\n}',
      2,
      32,
      '"kernel_size" of PoolingParameter takes a whole number',
    ],
    ['layer {\n  pooling_param { pool: BIG }\n}', 2, 25, '"BIG" is not one of MAX, AVE, STOCHASTIC'],
    ['layer {\n  pooling_param { kernel_size: -3 }\n}', 2, 33, 'a whole number from 0 on'],
    ['name: "a"\nname: "b"', 2, 1, '"name" is given twice'],
    ['layer { name: "a }\n', 1, 15, 'this string has no end on its line'],
    ['layer { convolution_param: 3 }', 1, 28, 'takes a message in braces'],
    ['layer { name: "a" } }', 1, 21, 'expected a field name, not "}"'],
    ['layer { power_param { scale: 1.5.2 } }', 1, 30, 'unexpected "1.5.2"'],
    ['layer { name: @ }', 1, 15, 'unexpected "@"'],
    ['input_dim: [1, 2', 1, 17, 'expected "," or "]"'],
  ])('%j is refused with its line and column', async (content, line, column, message) => {
    await expect(openModel(text(content))).rejects.toThrow(`line ${line}, column ${column}: `);
    await expect(openModel(text(content))).rejects.toThrow(message);
  });
});

/** A small network for what concerns files, not layers. */
function small(): Net {
  const net = new Net('small');
  const x = net.input('data', 1, 3, 6, 6);
  const y = net.add('Convolution', 'conv', x, { convolution_param: { num_output: 4, kernel_size: [3] } }, [
    net.blob([4, 3, 3, 3]),
    net.blob([4]),
  ]);
  net.add('ReLU', 'relu', y, {}, [], y);
  net.add('InnerProduct', 'fc', y, { inner_product_param: { num_output: 5 } }, [net.blob([5, 64]), net.blob([5])]);
  return net;
}

async function expectSame(net: Net, path: string, weights?: string): Promise<void> {
  const next = seeded(4);
  const [name, shape] = Object.entries(net.inputs)[0]!;
  const x = dense(
    'float32',
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b) }, () => Math.fround(next())),
  );
  const want = runCaffe(net, { [name]: x });
  const model = await openModel(path, weights ? { weights } : {});
  const [out] = model.outputs;
  const got = await runModel(model, { [model.inputs[0]!.name]: asTensor(x) });
  expect(worst(want[net.layers.at(-1)!.top[0]!]!, asDense(got[out!.name]!))).toBeLessThan(1e-4);
}

describe('the two files', () => {
  it('each finds the other, by stem or as the only one', async () => {
    const dir = place();
    const net = small();
    net.write(dir);
    await expectSame(net, join(dir, 'small.prototxt'));
    await expectSame(net, join(dir, 'small.caffemodel'));
    const apart = place();
    writeFileSync(join(apart, 'deploy.prototxt'), net.prototxt());
    writeFileSync(join(apart, 'train_val.prototxt'), net.prototxt());
    writeFileSync(join(apart, 'iter_1000.caffemodel'), net.caffemodel());
    await expectSame(net, join(apart, 'deploy.prototxt'));
    await expectSame(net, join(apart, 'iter_1000.caffemodel'));
  });
  it('the weights may lie elsewhere, and endings do not matter', async () => {
    const [here, there] = [place(), place()];
    writeFileSync(join(here, 'a.txt'), small().prototxt());
    writeFileSync(join(there, 'b.bin'), small().caffemodel());
    await expectSame(small(), join(here, 'a.txt'), join(there, 'b.bin'));
    await expectSame(small(), join(there, 'b.bin'), join(here, 'a.txt'));
  });
  it('without weights there is a question', async () => {
    const dir = place();
    writeFileSync(join(dir, 'net.prototxt'), small().prototxt());
    await expect(openModel(join(dir, 'net.prototxt'))).rejects.toMatchObject({
      code: 'missing-weights',
      message: expect.stringContaining('give the weights file too'),
    });
    writeFileSync(
      join(dir, 'bare.prototxt'),
      'input: "x" input_dim: [1, 2, 3, 4] layer { name: "r" type: "ReLU" bottom: "x" top: "y" }',
    );
    expect((await openModel(join(dir, 'bare.prototxt'))).graph.nodeCount).toBe(1);
  });
  it('weights alone list the layers of training: the description is asked for', async () => {
    const path = join(place(), 'iter_1000.caffemodel');
    const type = caffeType('NetParameter');
    const conv = { name: 'conv', type: 'Convolution', phase: 0, bottom: ['data'], top: ['conv'] };
    writeFileSync(path, type.encode(type.create({ name: 'n', layer: [conv, { ...conv, name: 'more' }] })).finish());
    await expect(openModel(path)).rejects.toThrow(
      /iter_1000\.caffemodel holds weights .* open its \.prototxt together/,
    );
  });
  it('a blob of another shape is named with both shapes', async () => {
    const dir = place();
    const net = small();
    net.write(dir);
    writeFileSync(join(dir, 'small.prototxt'), net.prototxt().replace('num_output: 4', 'num_output: 8'));
    await expect(openModel(join(dir, 'small.prototxt'))).rejects.toThrow(
      'Layer "conv" (Convolution): blob 0 is 4×3×3×3 in the weights file, but the network needs 8×3×3×3.',
    );
  });
  it('a truncated or foreign weights file is refused in one sentence', async () => {
    const dir = place();
    const net = small();
    const bytes = net.caffemodel();
    writeFileSync(join(dir, 'small.prototxt'), net.prototxt());
    writeFileSync(join(dir, 'small.caffemodel'), bytes.slice(0, bytes.length - 300));
    await expect(openModel(join(dir, 'small.prototxt'))).rejects.toThrow('truncated');
    writeFileSync(
      join(dir, 'small.caffemodel'),
      Uint8Array.from({ length: 500 }, (_, i) => (i * 73) & 255),
    );
    await expect(openModel(join(dir, 'small.prototxt'))).rejects.toThrow('is not a Caffe model');
  });
  it('an unknown layer does not stop the import; building names it', async () => {
    const dir = place();
    const net = small();
    net.add('SpatialTransformer', 'st', 'fc');
    net.add('ReLU', 'after', 'st');
    const model = await openModel(net.write(dir));
    expect(model.unsupported).toMatchObject([{ op: 'SpatialTransformer', name: 'st' }]);
    expect(model.unsupported[0]!.reason).toContain('plugin');
    const runtime = testRuntime();
    const build = buildEngine(optimizeModel(model, runtime), { runtime, threads: 1, path: join(dir, 'x.sinter') });
    await expect(build).rejects.toThrow(/SpatialTransformer.*"st"/);
  });
});

describe('older and training files', () => {
  it('V1 layers and V1 weights', async () => {
    const dir = place();
    const net = small();
    writeFileSync(
      join(dir, 'v1.prototxt'),
      `name: "v1" input: "data" input_dim: 1 input_dim: 3 input_dim: 6 input_dim: 6
       layers { name: "conv" type: CONVOLUTION bottom: "data" top: "conv" blobs_lr: 1 weight_decay: 1
         convolution_param { num_output: 4 kernel_size: 3 } }
       layers { name: "relu" type: RELU bottom: "conv" top: "conv" }
       layers { name: "fc" type: INNER_PRODUCT bottom: "conv" top: "fc" inner_product_param { num_output: 5 } }`,
    );
    const four = (b: { shape: readonly number[] }): Record<string, number> => {
      const s = [...new Array<number>(4 - b.shape.length).fill(1), ...b.shape];
      return { num: s[0]!, channels: s[1]!, height: s[2]!, width: s[3]! };
    };
    const layers = net.layers.map((l) => ({
      name: l.name,
      blobs: l.blobs.map((b) => ({ data: [...b.data], ...four(b) })),
    }));
    const type = caffeType('NetParameter');
    writeFileSync(join(dir, 'v1.caffemodel'), type.encode(type.create({ name: 'v1', layers })).finish());
    await expectSame(net, join(dir, 'v1.prototxt'));
    await expectSame(net, join(dir, 'v1.caffemodel'));
  });
  it('V0 layers: flat settings, padding as a layer of its own', async () => {
    const dir = place();
    const net = new Net('v0');
    const x = net.input('data', 1, 3, 6, 6);
    const y = net.add('Convolution', 'conv', x, { convolution_param: { num_output: 4, kernel_size: [3], pad: [1] } }, [
      net.blob([4, 3, 3, 3]),
      net.blob([4]),
    ]);
    net.add('Pooling', 'pool', y, { pooling_param: { pool: 'AVE', kernel_size: 2, stride: 2 } });
    writeFileSync(
      join(dir, 'v0.prototxt'),
      `input: "data" input_dim: 1 input_dim: 3 input_dim: 6 input_dim: 6
       layers { layer { name: "pad" type: "padding" pad: 1 } bottom: "data" top: "pad" }
       layers { layer { name: "conv" type: "conv" num_output: 4 kernelsize: 3 } bottom: "pad" top: "conv" }
       layers { layer { name: "pool" type: "pool" pool: AVE kernelsize: 2 stride: 2 } bottom: "conv" top: "pool" }`,
    );
    const type = caffeType('NetParameter');
    const layers = net.layers.map((l) => ({ layer: { name: l.name, blobs: l.blobs.map(blobMessage) } }));
    writeFileSync(join(dir, 'v0.caffemodel'), type.encode(type.create({ name: 'v0', layers })).finish());
    await expectSame(net, join(dir, 'v0.prototxt'));
  });
  it('a training file: data layers become inputs, labels and losses go, phases are respected', async () => {
    const dir = place();
    const net = small();
    net.write(dir);
    const layers = net.prototxt().slice(net.prototxt().indexOf('layer {\n  name: "conv"'));
    writeFileSync(
      join(dir, 'small.prototxt'),
      `layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TRAIN } data_param { batch_size: 64 } }
       layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TEST }
         transform_param { crop_size: 6 } data_param { source: "db" batch_size: 1 } }
       ${layers}
       layer { name: "drop" type: "Dropout" bottom: "fc" top: "fc" dropout_param { dropout_ratio: 0.5 } include { phase: TRAIN } }
       layer { name: "accuracy" type: "Accuracy" bottom: "fc" bottom: "label" top: "accuracy" include { phase: TEST } }
       layer { name: "loss" type: "SoftmaxWithLoss" bottom: "fc" bottom: "label" top: "loss" }`,
    );
    const model = await openModel(join(dir, 'small.prototxt'));
    expect(model.inputs).toEqual([{ name: 'data', type: { dtype: 'float32', shape: [1, 3, 6, 6] } }]);
    expect(model.outputs.map((o) => o.name)).toEqual(['loss']);
    expect(model.warnings).toEqual(['Layer "accuracy" (Accuracy) only serves training and is left out.']);
    expect([...model.graph.sources.values()].map((s) => s.op)).toEqual([
      'Convolution',
      'ReLU',
      'InnerProduct',
      'SoftmaxWithLoss',
    ]);
  });
  it('layers may share weights by name', async () => {
    const dir = place();
    const net = new Net('twins');
    const x = net.input('data', 2, 8);
    const shared = [net.blob([8, 8]), net.blob([8])];
    const y = net.add('InnerProduct', 'a', x, { inner_product_param: { num_output: 8 } }, shared);
    net.add('InnerProduct', 'b', y, { inner_product_param: { num_output: 8 } }, shared);
    net.write(dir);
    const param = 'param { name: "w" } param { name: "v" } inner_product_param';
    writeFileSync(join(dir, 'twins.prototxt'), net.prototxt().replaceAll('inner_product_param', param));
    const type = caffeType('NetParameter');
    const only = [{ name: 'a', blobs: shared.map(blobMessage) }];
    writeFileSync(join(dir, 'twins.caffemodel'), type.encode(type.create({ layer: only })).finish());
    await expectSame(net, join(dir, 'twins.prototxt'));
  });
  it('an input may be given another shape, as Caffe reshapes', async () => {
    const net = new Net('conv');
    net.add(
      'Convolution',
      'conv',
      net.input('data', 1, 3, 6, 6),
      { convolution_param: { num_output: 4, kernel_size: [3] } },
      [net.blob([4, 3, 3, 3]), net.blob([4])],
    );
    const path = net.write(place());
    const model = await openModel(path, { shapes: { data: [2, 3, 9, 8] } });
    expect(model.outputs[0]!.type.shape).toEqual([2, 4, 7, 6]);
    await expect(openModel(path, { shapes: { image: [1] } })).rejects.toThrow('no input "image"');
  });
});
