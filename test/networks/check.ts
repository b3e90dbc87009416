import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outputFileName } from '../../cli/commands/run.ts';
import { createNativeRuntime } from '../../native/napi/runtime.ts';
import { buildEngine } from '../../optimizer/builder/build.ts';
import { randomTensor, seededRandom } from '../../optimizer/builder/randomInputs.ts';
import { openModel, optimizeModel, withoutPasses } from '../../optimizer/builder/session.ts';
import { readNpy, writeNpy } from '../../optimizer/calibration/data/npy.ts';
import { difference } from '../../optimizer/engine/summary.ts';
import type { NativeRuntime, Tensor } from '../../optimizer/runtime.ts';
import { ortSession, runOrt } from '../bench/ort.ts';
import { textPage } from '../support/textPage.ts';

export const ROOT = join(import.meta.dirname, '../..');

let shared: NativeRuntime | null = null;
export function testRuntime(): NativeRuntime {
  shared ??= createNativeRuntime(join(ROOT, 'build/native/sinter.node'));
  return shared;
}

export interface NetworkCheck {
  /** Largest relative error over outputs against ONNX Runtime. */
  readonly plain: number;
  readonly optimized: number;
  /** A new process reloads the engine and gives the same bytes. */
  readonly reloadedSame: boolean;
  readonly layers: number;
  readonly operators: number;
  readonly arenaOverBound: number;
}

/**
 * Imports a model, builds it without and with the passes, runs both and the reloaded engine on the same random inputs,
 * and compares with ONNX Runtime.
 */
export async function checkNetwork(
  path: string,
  shapes: Readonly<Record<string, readonly number[]>>,
  textual = false,
  threads = 2,
): Promise<NetworkCheck> {
  const runtime = testRuntime();
  const dir = mkdtempSync(join(tmpdir(), 'sinter-network-'));
  try {
    const model = await openModel(path, { shapes });
    const random = seededRandom(11);
    const inputs: Record<string, Tensor> = {};
    for (const id of model.graph.inputs) {
      const value = model.graph.value(id);
      if (value.weight) continue;
      const shape = value.type.shape as number[];
      inputs[value.name] = textual ? textPage(shape, random) : randomTensor(value.type.dtype, shape, random);
    }
    const session = await ortSession(path, threads);
    const want = await runOrt(session, inputs);
    await session.release();

    const run = async (enginePath: string): Promise<Record<string, Tensor>> => {
      const engine = await runtime.loadEngine(enginePath);
      const context = engine.createContext({ threads });
      const outputs = await context.run(inputs);
      context.dispose();
      engine.dispose();
      return outputs;
    };
    const worst = (got: Record<string, Tensor>): number =>
      Math.max(
        ...Object.entries(want).map(([name, t]) => {
          const d = difference(t, got[name]!);
          return d.mismatched > 0 ? Number.POSITIVE_INFINITY : d.maxRel;
        }),
      );

    const plainPath = join(dir, 'plain.sinter');
    await buildEngine(withoutPasses(model), { runtime, threads, path: plainPath });
    const plain = worst(await run(plainPath));
    rmSync(plainPath);

    const enginePath = join(dir, 'engine.sinter');
    const report = await buildEngine(optimizeModel(model, runtime), { runtime, threads, path: enginePath });
    const got = await run(enginePath);

    // A new process, through the command line, as a user would.
    const files = Object.entries(inputs).map(([name, t], i) => {
      const file = join(dir, `input${i}.npy`);
      writeNpy(file, t);
      return `${name}=${file}`;
    });
    const out = join(dir, 'out');
    const args = [join(ROOT, 'bin/sinter.mjs'), 'run', enginePath, '--output-dir', out, '--threads', String(threads)];
    execFileSync(process.execPath, [...args, ...files.flatMap((f) => ['--input', f])], { stdio: 'pipe' });
    const reloadedSame = Object.entries(got).every(
      ([name, t]) => Buffer.compare(readNpy(join(out, outputFileName(name))).bytes, t.bytes) === 0,
    );
    const { memory } = report;
    return {
      plain,
      optimized: worst(got),
      reloadedSame,
      layers: report.layers.length,
      operators: report.operators,
      arenaOverBound: memory.lowerBound > 0 ? memory.arena / memory.lowerBound : 1,
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
