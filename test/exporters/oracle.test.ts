import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { writeOnnx } from '../../optimizer/exporters/onnx/write.ts';
import { importModel } from '../../optimizer/importers/index.ts';
import type { Graph } from '../../optimizer/ir/graph.ts';
import { ROOT, sample, scratch } from '../importers/make.ts';

/* ONNX Runtime as the judge: what we write runs there with the same results, and every shape we infer is the true one. */

const dir = scratch();
const noWeights = { evaluateWeight: () => Promise.reject(new Error('nothing needs evaluation')) };
const quiet = { logSeverityLevel: 4 as const };

function feeds(graph: Graph): Record<string, ort.Tensor> {
  let seed = 7;
  const next = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 4294967296;
  };
  return Object.fromEntries(
    graph.inputs.map((id) => {
      const { name, type } = graph.value(id);
      const dims = type.shape as readonly number[];
      const n = dims.reduce((a, b) => a * b, 1);
      const data =
        type.dtype === 'int64'
          ? BigInt64Array.from({ length: n }, () => (next() < 0.5 ? 0n : 1n))
          : Float32Array.from({ length: n }, () => next() * 2 - 1);
      return [name, new ort.Tensor(type.dtype as 'float32', data as Float32Array, dims)];
    }),
  );
}

async function run(path: string, inputs: Record<string, ort.Tensor>): Promise<Record<string, ort.Tensor>> {
  const session = await ort.InferenceSession.create(path, quiet);
  const out = await session.run(inputs);
  await session.release();
  return out as Record<string, ort.Tensor>;
}

async function check(path: string, shapes: Record<string, readonly number[]> = {}): Promise<number> {
  const { graph, outputs } = await importModel(path, { shapes });
  const inputs = feeds(graph);
  const written = join(dir, 'written.onnx');
  await writeOnnx(graph, written, noWeights);
  const want = await run(path, inputs);
  const got = await run(written, inputs);
  for (const o of outputs) {
    expect(got[o.name]!.dims).toEqual(want[o.name]!.dims);
    const a = want[o.name]!.data as Float32Array;
    const b = got[o.name]!.data as Float32Array;
    let worst = 0;
    for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
    expect(worst).toBeLessThan(1e-5);
  }
  // Every intermediate value becomes an output, so that its true shape is seen.
  const open = graph.clone();
  open.setOutputs(
    [...graph.nodes()].flatMap((n) => n.outputs.filter((v) => graph.users(v).length > 0 || graph.isOutput(v))),
  );
  const everything = join(dir, 'everything.onnx');
  await writeOnnx(open, everything, noWeights);
  const all = await run(everything, inputs);
  let compared = 0;
  for (const id of open.outputs) {
    const v = graph.value(id);
    const t = all[v.name]!;
    expect(t.dims, v.name).toEqual(v.type.shape);
    expect(t.type, v.name).toBe(v.type.dtype);
    compared++;
  }
  return compared;
}

describe('samples', () => {
  it.each(['tiny-googlenet', 'tiny-resnet', 'tiny-transformer'])('%s', async (name) => {
    expect(await check(sample(name))).toBeGreaterThan(50);
  });
  it('dynamic-conv at an odd size', async () => {
    expect(await check(sample('dynamic-conv'), { image: [2, 3, 19, 33] })).toBeGreaterThan(10);
  });
});

describe('bench networks', () => {
  const made = ['squeezenet', 'shufflenet', 'inception_v1', 'mobilenet_v2', 'lstm'];
  it.each(made)('%s', async (name) => {
    execFileSync(process.execPath, [join(ROOT, 'scripts/models.mjs'), '--only', name, '--dir', dir], { stdio: 'pipe' });
    expect(readdirSync(dir).filter((f) => f.endsWith('.tmp'))).toEqual([]);
    expect(await check(join(dir, `${name}.onnx`))).toBeGreaterThan(7);
  });
});

describe('the ONNX writer', () => {
  it('puts weights into a second file beyond its limit', async () => {
    const { graph } = await importModel(sample('tiny-resnet'));
    const path = join(dir, 'external.onnx');
    const written = await writeOnnx(graph, path, { ...noWeights, externalAbove: 1000 });
    expect(written.dataPath).toBe(`${path}.data`);
    expect(statSync(path).size).toBeLessThan(statSync(`${path}.data`).size);
    const inputs = feeds(graph);
    const want = await run(sample('tiny-resnet'), inputs);
    const got = await run(path, inputs);
    expect([...(got.prob!.data as Float32Array)]).toEqual([...(want.prob!.data as Float32Array)]);
    // It is read back by our own importer too.
    expect((await importModel(path)).graph.files).toHaveLength(2);
  });

  it('leaves nothing behind when it fails', async () => {
    const { graph } = await importModel(sample('tiny-resnet'));
    const path = join(dir, 'cancelled.onnx');
    await expect(writeOnnx(graph, path, { ...noWeights, stop: AbortSignal.abort() })).rejects.toThrow();
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(dir).filter((f) => f.startsWith('cancelled'))).toEqual([]);
    await expect(writeOnnx(graph, join(dir, 'no/such/folder.onnx'), noWeights)).rejects.toThrow('cannot be written');
    // The file that weights are still read from is never replaced.
    await expect(writeOnnx(graph, sample('tiny-resnet'), noWeights)).rejects.toThrow('choose another name');
  });
});
