import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readNpy, writeNpy } from '../../optimizer/calibration/data/npy.ts';

const ROOT = join(import.meta.dirname, '../..');
const MODEL = join(ROOT, 'assets/models/tiny-googlenet.onnx');
const dir = mkdtempSync(join(tmpdir(), 'sinter-cli-'));
const engine = join(dir, 'tiny.sinter');

function sinter(...args: string[]): { code: number | null; out: string; err: string } {
  const r = spawnSync(process.execPath, [join(ROOT, 'bin/sinter.mjs'), ...args], { encoding: 'utf8' });
  return { code: r.status, out: r.stdout, err: r.stderr };
}

beforeAll(() => {
  const r = sinter('build', MODEL, '-o', engine);
  expect(r.err).toBe('');
  expect(r.code).toBe(0);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('sinter', () => {
  it('shows help with examples and exit codes', () => {
    const r = sinter('--help');
    expect(r.code).toBe(0);
    for (const word of [
      'inspect',
      'optimize',
      'build',
      'run',
      'profile',
      'compare',
      'calibrate',
      'evaluate',
      'devices',
      'Examples',
      'Exit codes',
    ]) {
      expect(r.out).toContain(word);
    }
  });

  it('inspects a model and an engine', () => {
    const model = JSON.parse(sinter('inspect', MODEL, '--json').out);
    expect(model.kind).toBe('model');
    expect(model.operators.Conv).toBeGreaterThan(5);
    const built = JSON.parse(sinter('inspect', engine, '--json').out);
    expect(built.kind).toBe('engine');
    expect(built.sources).toHaveLength(model.nodes);
    expect(built.layers.length).toBeLessThan(model.nodes);
    expect(sinter('inspect', engine, '--verify').code).toBe(0);
    expect(built.sources.every((s: { fate: string }) => s.fate !== '')).toBe(true);
  });

  it('prints what each pass did, and writes trace and ONNX that runs again', () => {
    const onnx = join(dir, 'optimized.onnx');
    const trace = join(dir, 'trace.json');
    const r = sinter('optimize', MODEL, '-o', onnx, '--trace', trace);
    expect(r.err).toBe('');
    expect(r.out).toMatch(/\d+ made, \d+ refused/);
    expect(JSON.parse(readFileSync(trace, 'utf8')).passes.length).toBeGreaterThan(5);
    const same = sinter('compare', onnx, engine, '--json');
    expect(same.err).toBe('');
    expect(JSON.parse(same.out).ok).toBe(true);
  });

  it('switches a pass off', () => {
    const all = JSON.parse(sinter('optimize', MODEL, '--json').out);
    const some = JSON.parse(sinter('optimize', MODEL, '--json', '--disable', 'horizontal-fusion').out);
    const last = (t: { passes: { after: { launches: number } }[] }): number =>
      t.passes[t.passes.length - 1]!.after.launches;
    expect(last(some)).toBeGreaterThan(last(all));
    const wrong = sinter('optimize', MODEL, '--disable', 'no-such-pass');
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain('passes are');
  });

  it('refuses one fusion by its key', () => {
    const all = JSON.parse(sinter('optimize', MODEL, '--json').out);
    const key = all.passes.flatMap((p: { applications: { key: string }[] }) => p.applications)[0].key;
    const some = JSON.parse(sinter('optimize', MODEL, '--json', '--disable-fusion', key).out);
    const keys = some.passes.flatMap((p: { applications: { key: string }[] }) => p.applications.map((a) => a.key));
    expect(keys).not.toContain(key);
    const fusions = all.passes.find((p: { pass: string }) => p.pass === 'vertical-fusion').applications;
    const layers = (...flags: string[]): number =>
      JSON.parse(sinter('build', MODEL, '-o', join(dir, 'one.sinter'), '--level', '0', '--json', ...flags).out).layers
        .length;
    expect(layers('--disable-fusion', fusions[0].key)).toBeGreaterThan(layers());
  });

  it('builds the same bytes twice', () => {
    const again = join(dir, 'again.sinter');
    sinter('build', MODEL, '-o', again);
    expect(readFileSync(again).equals(readFileSync(engine))).toBe(true);
  });

  it('runs an engine and its model to the same bytes, from the given input', () => {
    const model = JSON.parse(sinter('inspect', MODEL, '--json').out);
    const input = model.inputs[0];
    const shape = input.shape.split('×').map(Number);
    const data = Float32Array.from({ length: shape.reduce((a: number, b: number) => a * b, 1) }, (_, i) => Math.sin(i));
    const file = join(dir, 'x.npy');
    writeNpy(file, { dtype: 'float32', shape, bytes: new Uint8Array(data.buffer) });
    for (const [what, out] of [
      [engine, 'a'],
      [MODEL, 'b'],
    ] as const) {
      const r = sinter('run', what, '--input', `${input.name}=${file}`, '--output-dir', join(dir, out));
      expect(r.err).toBe('');
    }
    const [name] = readdirSync(join(dir, 'a'));
    const a = readNpy(join(dir, 'a', name!));
    expect(a.shape).toEqual(model.outputs[0].shape.split('×').map(Number));
    expect(Buffer.compare(a.bytes, readNpy(join(dir, 'b', name!)).bytes)).toBe(0);
  });

  it('compares with the model run by the scalar reference kernels', () => {
    const r = sinter('compare', MODEL, engine, '--reference', 'scalar', '--json');
    expect(r.err).toBe('');
    const report = JSON.parse(r.out);
    expect(report.ok).toBe(true);
    expect(report.outputs[0].cosine).toBeGreaterThan(0.999999);
    // Where they differ because the model is another one, it says so.
    const other = sinter('compare', join(ROOT, 'assets/models/tiny-resnet.onnx'), engine);
    expect(other.err).toContain('was built from another file than');
  });

  it('profiles every layer', () => {
    const report = JSON.parse(sinter('profile', engine, '--iterations', '5', '--warmup', '1', '--json').out);
    expect(report.layers.length).toBeGreaterThan(5);
    expect(report.latency.median).toBeGreaterThan(0);
    expect(report.layers.every((l: { tactic: string }) => l.tactic !== '')).toBe(true);
  });

  it('saves a profile that it prints again without the engine, and exports it', () => {
    const [saved, csv, trace] = ['p.sinterprofile', 'p.csv', 'p.json'].map((name) => join(dir, name));
    const run = ['--iterations', '5', '--warmup', '1', '--json'];
    const first = sinter('profile', engine, ...run, '--save', saved!, '--csv', csv!, '--export-trace', trace!);
    expect(first.err).toBe('');
    const again = JSON.parse(sinter('profile', saved!, '--json').out);
    expect(again).toEqual(JSON.parse(first.out));
    expect(again.samples).toHaveLength(5);
    expect(again.ceilings.bandwidth).toBeGreaterThan(0);
    expect(readFileSync(csv!, 'utf8').trimEnd().split('\r\n')).toHaveLength(again.layers.length + 1);
    expect(JSON.parse(readFileSync(trace!, 'utf8')).traceEvents.length).toBeGreaterThan(again.layers.length);
    const page = join(dir, 'p.html');
    expect(sinter('profile', saved!, '--top', '3', '--report', page).out).toContain('runs/s');
    expect(readFileSync(page, 'utf8')).toContain('<h2>Layers</h2>');
  });

  it('lists devices, and measures what they reach', () => {
    const report = JSON.parse(sinter('devices', '--measure', '--threads', '1', '--json').out);
    expect(report.devices[0].id).toBe('cpu');
    const [ceilings] = report.devices[0].ceilings;
    expect(ceilings.threads).toBe(1);
    // Any processor of the last decade copies more than 100 MB and adds more than 100 million floats a second.
    expect(ceilings.bandwidth).toBeGreaterThan(1e8);
    for (const f of ceilings.flops) expect(f.rate, f.dtype).toBeGreaterThan(1e8);
  });
});

describe('wrong files', () => {
  const bad = (name: string, bytes: string | Uint8Array): string => {
    const file = join(dir, name);
    writeFileSync(file, bytes);
    return file;
  };
  const model = readFileSync(MODEL);
  const cases: [string, () => string[]][] = [
    ['a missing file', () => ['inspect', join(dir, 'nowhere.onnx')]],
    ['an empty file', () => ['inspect', bad('empty.onnx', '')]],
    ['a text file', () => ['inspect', bad('text.onnx', 'This is not a model.\n'.repeat(50))]],
    [
      'random bytes',
      () => [
        'inspect',
        bad(
          'random.onnx',
          Uint8Array.from({ length: 4096 }, (_, i) => (i * 2654435761) >>> 13),
        ),
      ],
    ],
    ['a truncated model', () => ['inspect', bad('cut.onnx', model.subarray(0, model.length >> 1))]],
    ['a folder', () => ['inspect', dir]],
    ['a truncated engine', () => ['run', bad('cut.sinter', readFileSync(engine).subarray(0, 3000))]],
    [
      'an engine with a damaged header',
      () => {
        const bytes = Buffer.from(readFileSync(engine));
        bytes[200]! ^= 0xff;
        return ['run', bad('damaged.sinter', bytes)];
      },
    ],
    [
      'an engine with damaged weights',
      () => {
        const bytes = Buffer.from(readFileSync(engine));
        bytes[bytes.length - 100]! ^= 0xff;
        return ['inspect', bad('weights.sinter', bytes), '--verify'];
      },
    ],
    ['an input that is no .npy file', () => ['run', engine, '--input', `x=${bad('x.npy', 'hello world, no numpy')}`]],
    ['an unknown input name', () => ['run', engine, '--input', `nope=${bad('y.npy', '')}`]],
    ['a shape that does not parse', () => ['build', MODEL, '-o', join(dir, 'z.sinter'), '--shape', 'x=axb']],
    ['a pass that is not there', () => ['build', MODEL, '-o', join(dir, 'z.sinter'), '--disable', 'vertical']],
    ['a folder as timing cache', () => ['build', MODEL, '-o', join(dir, 'z.sinter'), '--timing-cache', dir]],
    ['a folder that is missing', () => ['profile', engine, '--iterations', '1', '--save', join(dir, 'no/such/p')]],
    ['a file where a folder should be', () => ['run', engine, '--output-dir', engine]],
    ['an unknown command', () => ['frobnicate']],
  ];
  it.each(cases)('%s: one sentence and exit 2', (_name, args) => {
    const r = sinter(...args());
    expect(r.code).toBe(2);
    const lines = r.err
      .trim()
      .split('\n')
      .filter((l) => !l.startsWith('(sinter --help'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toMatch(/\bat .*:\d+:\d+|undefined|\[object|\bE[A-Z]{4,}\b|\.part/);
    expect(r.out).toBe('');
  });

  it('leaves no partial engine behind when a build fails', () => {
    const target = join(dir, 'partial.sinter');
    const r = sinter('build', bad('cut2.onnx', model.subarray(0, model.length - 200)), '-o', target);
    expect(r.code).toBe(2);
    expect(existsSync(target)).toBe(false);
    expect(readdirSync(dir).filter((f) => f.startsWith('partial'))).toEqual([]);
  });
});
