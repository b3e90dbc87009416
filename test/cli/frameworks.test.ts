import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { scratch } from '../importers/make.ts';
import { Net } from '../support/caffe/net.ts';
import { TfGraph } from '../support/tensorflow/graph.ts';
import { writeDenseModel } from '../support/tensorflow/savedModel.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
async function sinter(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  try {
    const { stdout, stderr } = await run(process.execPath, [join(ROOT, 'bin/sinter.mjs'), ...args]);
    return { code: 0, out: stdout, err: stderr };
  } catch (e) {
    const failed = e as { code: number; stdout: string; stderr: string };
    return { code: failed.code, out: failed.stdout, err: failed.stderr };
  }
}
const dir = scratch();

function caffePair(): { network: string; weights: string } {
  const net = new Net('small');
  const params = { convolution_param: { num_output: 4, kernel_size: [3] } };
  net.add('Convolution', 'conv', net.input('data', 1, 3, 8, 8), params, [net.blob([4, 3, 3, 3]), net.blob([4])]);
  const [a, b] = [join(dir, 'a'), join(dir, 'b')];
  for (const d of [a, b]) mkdirSync(d, { recursive: true });
  writeFileSync(join(a, 'small.prototxt'), net.prototxt());
  writeFileSync(join(b, 'trained.caffemodel'), net.caffemodel());
  return { network: join(a, 'small.prototxt'), weights: join(b, 'trained.caffemodel') };
}

describe('sinter on models of other frameworks', () => {
  it('asks for the weights of a Caffe network and takes them by --weights', async () => {
    const { network, weights } = caffePair();
    const refused = await sinter('inspect', network);
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('give the weights file too') });
    const report = JSON.parse((await sinter('inspect', network, '--weights', weights, '--json')).out) as object;
    expect(report).toMatchObject({ format: 'caffe', operators: { Conv: 1 }, sourceOperators: { Convolution: 1 } });
    const engine = join(dir, 'net.sinter');
    expect(await sinter('build', network, '--weights', weights, '--level', '0', '-o', engine)).toMatchObject({
      code: 0,
    });
    const compared = await sinter('compare', network, engine, '--weights', weights);
    expect(compared).toMatchObject({ code: 0, out: expect.stringContaining('equal within') });
  });
  it('asks for shapes that a TensorFlow graph does not say, and takes them by --shape', async () => {
    const g = new TfGraph();
    g.output(g.node('Mul', [g.relu(g.placeholder('image', null)), g.placeholder('keep', null)]), 'y');
    const file = join(dir, 'open.pb');
    writeFileSync(file, g.bytes());
    const refused = await sinter('build', file, '-o', join(dir, 'x.sinter'));
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('"image", "keep"') });
    const shapes = ['--shape', 'image=2x3', '--shape', 'keep=scalar'];
    const { out } = await sinter('run', file, ...shapes);
    expect(out).toContain('y  float32 2×3');
  });
  it('builds and compares a SavedModel folder', async () => {
    const folder = join(dir, 'saved');
    mkdirSync(folder);
    writeDenseModel(folder);
    const engine = join(dir, 'saved.sinter');
    expect(await sinter('build', folder, '--shape', 'x=2x4', '--level', '0', '-o', engine)).toMatchObject({ code: 0 });
    expect(await sinter('compare', folder, engine)).toMatchObject({ code: 0 });
  });
  it('a prototxt with a mistake: line and column', async () => {
    const file = join(dir, 'broken.prototxt');
    writeFileSync(file, 'name: "x"\nlayer {\n  type: "ReLU"\n  pooling_param { kernel_size: big }\n}\n');
    expect(await sinter('inspect', file)).toMatchObject({
      code: 2,
      err: expect.stringContaining('broken.prototxt, line 4, column 32'),
    });
  });
});
