import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readNpy, writeNpy } from '../../optimizer/calibration/data/npy.ts';
import { attr, floats, modelBytes, node, value } from '../importers/make.ts';
import { seeded } from '../support/tensor.ts';
import { TfGraph, attr as tfAttr } from '../support/tensorflow/graph.ts';

const ROOT = join(import.meta.dirname, '../..');
const BIN = join(ROOT, 'bin/sinter.mjs');
const EXAMPLES = join(ROOT, 'assets/plugins');
const dir = mkdtempSync(join(tmpdir(), 'sinter-plugins-'));
const at = (name: string): string => join(dir, name);
const DOMAIN = 'sinter.examples';

function sinter(...args: string[]): { code: number | null; signal: string | null; out: string; err: string } {
  const env = { ...process.env, SINTER_PLUGINS: at('registered'), XDG_CACHE_HOME: at('cache') };
  const r = spawnSync(process.execPath, [BIN, ...args], { encoding: 'utf8', cwd: dir, env });
  return { code: r.status, signal: r.signal, out: r.stdout, err: r.stderr };
}

interface Spec {
  readonly inputs: readonly object[];
  readonly nodes: readonly object[];
  readonly outputs: readonly object[];
  readonly weights?: readonly object[];
  readonly opsets: Readonly<Record<string, number>>;
}

function writeModel(path: string, m: Spec): void {
  const graph = { name: 'g', node: m.nodes, input: m.inputs, output: m.outputs, initializer: m.weights ?? [] };
  writeFileSync(path, modelBytes({ graph, domains: m.opsets }));
}

/** The command must succeed silently. */
function done(...args: string[]): string {
  const r = sinter(...args);
  expect(r.err).toBe('');
  expect(r.code).toBe(0);
  return r.out;
}

function random(seed: number, count: number, scale = 2): Float32Array {
  const next = seeded(seed);
  return Float32Array.from({ length: count }, () => next() * scale);
}

const tensor = (shape: number[], data: Float32Array) =>
  ({ dtype: 'float32', shape, bytes: new Uint8Array(data.buffer) }) as const;

const output = (name: string): { shape: readonly number[]; data: Float32Array } => {
  const t = readNpy(at(name));
  return { shape: t.shape, data: new Float32Array(t.bytes.slice().buffer) };
};

/** A plugin in a folder of its own, from a manifest and the source of its run function. */
function write(name: string, manifest: object, run: string): string {
  mkdirSync(at(name), { recursive: true });
  const whole = { name, version: '1.0.0', domain: 'test', sources: ['k.cpp'], ...manifest };
  writeFileSync(at(`${name}/plugin.json`), JSON.stringify(whole));
  const source = [
    '#include "sinter/plugin.h"',
    `static const char* run(const sinter_plugin_call* call) { (void)call; ${run} }`,
    `static const sinter_plugin plugin{SINTER_PLUGIN_ABI, "${name}", "1.0.0", run};`,
    'extern "C" const sinter_plugin* sinter_plugin_entry(void) { return &plugin; }',
  ];
  writeFileSync(at(`${name}/k.cpp`), source.join('\n'));
  return at(name);
}

const UNARY = { inputs: [{ name: 'x' }], outputs: [{ name: 'y', shape: 'x' }] };

const snakeOf = (x: number, a: number): number => x + Math.sin(a * x) ** 2 / a;

beforeAll(() => {
  writeModel(at('snake.onnx'), {
    inputs: [value('x', ['n', 4, 5])],
    nodes: [
      node('Mul', ['x', 'two'], ['m']),
      node('Snake', ['m'], ['s'], [attr.float('alpha', 0.7)], DOMAIN),
      node('Relu', ['s'], ['y']),
    ],
    weights: [floats('two', [1], [2])],
    outputs: [value('y', ['n', 4, 5])],
    opsets: { [DOMAIN]: 1 },
  });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('sinter plugin', () => {
  it('adds, lists and removes', () => {
    expect(done('plugin', 'list')).toContain('no plugins are registered');
    expect(done('plugin', 'add', join(EXAMPLES, 'snake'))).toContain(
      'snake 1.0.0 is registered: sinter.examples.Snake',
    );
    done('plugin', 'add', join(EXAMPLES, 'spatial-transformer'));
    // Adding again replaces.
    done('plugin', 'add', join(EXAMPLES, 'snake'));
    const { plugins } = JSON.parse(done('plugin', 'list', '--json'));
    expect(plugins.map((p: { name: string }) => p.name)).toEqual(['snake', 'spatial-transformer']);
    expect(readdirSync(at('registered')).sort()).toEqual(['snake', 'spatial-transformer']);
    const missing = sinter('plugin', 'remove', 'nothing');
    expect([missing.code, missing.err]).toEqual([2, 'sinter: no plugin "nothing" is registered\n']);
  });

  it('refuses what cannot work, in one sentence, and registers nothing', () => {
    const refused = (folder: string): string => {
      const r = sinter('plugin', 'add', folder);
      expect(r.code).toBe(2);
      expect(existsSync(at('registered/bad'))).toBe(false);
      expect(readdirSync(at('registered')).filter((n) => n.startsWith('.'))).toEqual([]);
      return r.err;
    };
    expect(refused(at('nowhere'))).toContain('has no plugin.json');
    const bad = (manifest: object, run = 'return nullptr;') => refused(write('bad', { op: 'Bad', ...manifest }, run));
    expect(bad({ ...UNARY, op: 7 })).toMatch(/plugin\.json: "op" /);
    expect(bad({ inputs: [{ name: 'x' }], outputs: [{ name: 'y', shape: ['x.0 +'] }] })).toContain(
      'the dimension "x.0 +" cannot be read: it ends early',
    );
    expect(bad({ inputs: [{ name: 'x' }], outputs: [{ name: 'y', shape: ['z.0'] }] })).toContain(
      '"z" is neither an input nor an attribute',
    );
    expect(bad(UNARY, 'return missing;')).toMatch(/the plugin "bad" does not compile: .*missing/);
    expect(bad({ ...UNARY, version: '2.0.0' })).toContain('calls itself "bad" 1.0.0');
    write('bad', { op: 'Bad', ...UNARY }, 'return nullptr;');
    writeFileSync(at('bad/k.cpp'), '#include <cstdlib>\nstatic int x = (std::abort(), 1);');
    expect(refused(at('bad'))).toContain('ends the process that loads it (SIGABRT)');
  });
});

describe('a TensorFlow operator that a plugin defines', () => {
  it('runs, with the attributes of its node', () => {
    const graph = new TfGraph();
    const x = graph.placeholder('x', [2, 3]);
    graph.output(graph.node('TimesPlus', [x], { by: tfAttr.float(3), plus: tfAttr.int(2) }), 'y');
    writeFileSync(at('frozen.pb'), graph.bytes());
    const before = sinter('build', 'frozen.pb', '-o', 'frozen.sinter');
    expect(before.code).toBe(2);
    expect(before.err).toContain('TimesPlus');
    const attributes = { by: { type: 'float', default: 1 }, plus: { type: 'int', default: 0 } };
    const run = `
      const auto* x = static_cast<const float*>(call->inputs[0].data);
      auto* y = static_cast<float*>(call->outputs[0].data);
      for (int i = 0; i < 6; ++i) y[i] = x[i] * (float)call->float_attr(call, "by", 1) + (float)call->int_attr(call, "plus", 0);
      return nullptr;`;
    done('plugin', 'add', write('times-plus', { ...UNARY, domain: 'tensorflow', op: 'TimesPlus', attributes }, run));
    done('build', 'frozen.pb', '-o', 'frozen.sinter');
    const data = random(7, 6);
    writeNpy(at('tf.npy'), tensor([2, 3], data));
    done('run', 'frozen.sinter', '--input', 'x=tf.npy', '--output-dir', 'tf');
    const { data: y } = output('tf/y.npy');
    expect(Math.max(...y.map((v, i) => Math.abs(v - (3 * data[i]! + 2))))).toBeLessThan(1e-5);
  });
});

describe('an engine with a plugin', () => {
  it('computes what the plugin says, in a process that only loads it, on any batch and thread count', () => {
    const x = random(3, 6 * 20);
    writeNpy(at('x.npy'), tensor([6, 4, 5], x));
    done('build', 'snake.onnx', '-o', 'snake.sinter', '--range', 'n=1,4,8');
    for (const threads of ['1', '2']) {
      done('run', 'snake.sinter', '--input', 'x=x.npy', '--threads', threads, '--output-dir', `out${threads}`);
      const y = output(`out${threads}/y.npy`);
      expect(y.shape).toEqual([6, 4, 5]);
      const want = x.map((v) => Math.max(snakeOf(2 * v, 0.7), 0));
      expect(Math.max(...y.data.map((v, i) => Math.abs(v - want[i]!)))).toBeLessThan(2e-6);
    }
    expect(done('profile', 'snake.sinter', '--input', 'x=x.npy', '--iterations', '5')).toContain('plugin__snake');
    done('compare', 'snake.onnx', 'snake.sinter', '--input', 'x=x.npy', '--shape', 'x=6x4x5');
  });

  const EMULATOR = join(ROOT, 'build/native/emulator');
  it.skipIf(!existsSync(join(EMULATOR, 'libcuda.so.1')))(
    'runs its CUDA source on a GPU (emulated), with the same result',
    () => {
      process.env.SINTER_CUDA_PATH = EMULATOR;
      process.env.SINTER_KERNEL_CACHE = at('kernels');
      try {
        const build = ['build', 'snake.onnx', '--device', 'cuda:0', '--shape', 'x=6x4x5', '--level', '0', '-o'];
        done(...build, 'gpu.sinter');
        done('run', 'gpu.sinter', '--input', 'x=x.npy', '--output-dir', 'gpu');
        const want = output('out1/y.npy').data;
        expect(Math.max(...output('gpu/y.npy').data.map((v, i) => Math.abs(v - want[i]!)))).toBeLessThan(2e-6);
        expect(done('profile', 'gpu.sinter', '--iterations', '2')).toContain('any_plugin__cuda');
      } finally {
        delete process.env.SINTER_CUDA_PATH;
        delete process.env.SINTER_KERNEL_CACHE;
      }
    },
  );

  it('does not load without it, or with another version, and says so', () => {
    done('plugin', 'remove', 'snake');
    const gone = sinter('run', 'snake.sinter', '--input', 'x=x.npy');
    expect(gone.code).toBe(2);
    expect(gone.err).toContain('the plugin "snake" is not registered on this machine: add it with `sinter plugin add');
    const unbuilt = sinter('build', 'snake.onnx', '-o', 'no.sinter', '--shape', 'x=1x4x5');
    expect(unbuilt.code).toBe(2);
    expect(unbuilt.err).toContain('no kernel for operator sinter.examples.Snake');
    const newer = at('newer');
    mkdirSync(newer);
    for (const f of ['plugin.json', 'snake.cpp', 'snake.cu'])
      writeFileSync(join(newer, f), readFileSync(join(EXAMPLES, 'snake', f), 'utf8').replace('1.0.0', '1.1.0'));
    done('plugin', 'add', newer);
    const other = sinter('run', 'snake.sinter', '--input', 'x=x.npy');
    expect(other.err).toContain('was built with version 1.0.0 of the plugin "snake", this machine has version 1.1.0');
    done('plugin', 'add', join(EXAMPLES, 'snake'));
    done('run', 'snake.sinter', '--input', 'x=x.npy');
  });

  it('is refused where a node contradicts the manifest', () => {
    writeModel(at('theta.onnx'), {
      inputs: [value('image', [2, 3, 8, 8]), value('theta', [2, 5])],
      nodes: [node('SpatialTransformer', ['image', 'theta'], ['y'], [], DOMAIN)],
      outputs: [value('y', [2, 3, 8, 8])],
      opsets: { [DOMAIN]: 1 },
    });
    const r = sinter('build', 'theta.onnx', '-o', 'theta.sinter');
    expect(r.code).toBe(2);
    expect(r.err).toContain('"theta" of shape 2×5; its plugin takes 2×6');
  });
});

/** The spatial transformer with the conventions of its Caffe layer, written plainly. */
function transformed(image: Float32Array, theta: Float32Array, [n, c, h, w]: number[], rows: number, columns: number) {
  const out = new Float32Array(n! * c! * rows * columns);
  let to = 0;
  for (let b = 0; b < n!; b++) {
    for (let k = 0; k < c!; k++) {
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          const grid = [(i / rows) * 2 - 1, (j / columns) * 2 - 1, 1];
          const place = (row: number): number => grid.reduce((s, g, a) => s + g * theta[b * 6 + row * 3 + a]!, 0);
          const y = ((place(0) + 1) / 2) * h!;
          const x = ((place(1) + 1) / 2) * w!;
          let sum = 0;
          for (let p = 0; p < h!; p++)
            for (let q = 0; q < w!; q++)
              sum +=
                Math.max(0, 1 - Math.abs(y - p)) *
                Math.max(0, 1 - Math.abs(x - q)) *
                image[((b * c! + k) * h! + p) * w! + q]!;
          out[to++] = sum;
        }
      }
    }
  }
  return out;
}

describe('a spatial transformer', () => {
  const IMAGE = [2, 3, 9, 7];
  const image = random(5, 2 * 3 * 9 * 7);
  // Near the identity, one with a shift that leaves the image.
  const theta = Float32Array.from([0.9, 0.1, 0.05, -0.2, 1.1, 0.1, 0.5, -0.4, 0.6, 0.3, 0.7, -0.8]);
  const PROTOTXT = `name: "stn"
layer { name: "data" type: "Input" top: "image" input_param { shape { dim: 2 dim: 3 dim: 9 dim: 7 } } }
layer { name: "loc" type: "Input" top: "theta" input_param { shape { dim: 2 dim: 6 } } }
layer { name: "relu" type: "ReLU" bottom: "image" top: "positive" }
layer {
  name: "st" type: "SpatialTransformer" bottom: "positive" bottom: "theta" top: "result"
  st_param { transform_type: "affine" output_H: 6 output_W: 5 }
}
layer { name: "twice" type: "Power" bottom: "result" top: "y" power_param { scale: 2 } }
`;

  it('in a Caffe network runs as its layer does, reloaded by another process', () => {
    writeFileSync(at('stn.prototxt'), PROTOTXT);
    writeNpy(at('image.npy'), tensor(IMAGE, image));
    writeNpy(at('theta.npy'), tensor([2, 6], theta));
    done('build', 'stn.prototxt', '-o', 'stn.sinter');
    const inputs = ['--input', 'image=image.npy', '--input', 'theta=theta.npy'];
    done('run', 'stn.sinter', ...inputs, '--output-dir', 'stn');
    const y = output('stn/y.npy');
    expect(y.shape).toEqual([2, 3, 6, 5]);
    const positive = image.map((v) => Math.max(v, 0));
    const want = transformed(positive, theta, IMAGE, 6, 5);
    expect(Math.max(...want)).toBeGreaterThan(0.5);
    expect(Math.max(...y.data.map((v, i) => Math.abs(v - 2 * want[i]!)))).toBeLessThan(1e-5);

    done('plugin', 'remove', 'spatial-transformer');
    const gone = sinter('run', 'stn.sinter', ...inputs);
    expect([gone.code, gone.err.includes('the plugin "spatial-transformer" is not registered')]).toEqual([2, true]);
    done('plugin', 'add', join(EXAMPLES, 'spatial-transformer'));
    done('run', 'stn.sinter', ...inputs);
  });
});

describe('a plugin that fails', () => {
  const model = (op: string): string => {
    writeModel(at(`${op}.onnx`), {
      inputs: [value('x', [4])],
      nodes: [node(op, ['x'], ['y'], [], 'test')],
      outputs: [value('y', [4])],
      opsets: { test: 1 },
    });
    done('build', `${op}.onnx`, '-o', `${op}.sinter`, '--level', '0');
    return `${op}.sinter`;
  };

  it('is named with its own sentence when it refuses', () => {
    done('plugin', 'add', write('picky', { op: 'Picky', ...UNARY }, 'return "four is too many";'));
    const r = sinter('run', model('Picky'));
    expect(r.code).not.toBe(0);
    expect(r.err).toContain('the plugin "picky" failed in layer "Picky": four is too many');
  });

  it('is named when it takes the process with it, also on a worker thread', () => {
    done('plugin', 'add', write('crash', { op: 'Crash', ...UNARY }, '*(volatile int*)8 = 1; return nullptr;'));
    const r = sinter('run', model('Crash'));
    // Timing it takes the tuner's process, not the build's.
    const built = sinter('build', 'Crash.onnx', '-o', 'no.sinter');
    expect([built.code, built.signal]).toEqual([2, null]);
    expect(built.err).toContain('plugin__crash: it ended the tuner (SIGSEGV)');
    expect(r.signal).toBe('SIGSEGV');
    expect(r.err).toContain('sinter: the plugin "crash" crashed in layer "Crash" (invalid memory access)');
    const body =
      '[](void*, int64_t begin, int64_t) { if (begin > 0) *(volatile int*)8 = 1; for (volatile int i = 0; i < 100000000; ++i) {} }';
    done(
      'plugin',
      'add',
      write('crash', { op: 'Crash', ...UNARY }, `call->parallel(call, 2, 1, ${body}, nullptr); return nullptr;`),
    );
    const worker = sinter('run', 'Crash.sinter', '--threads', '2');
    expect(worker.err).toContain('the plugin "crash" crashed in layer "Crash"');
  });
});
