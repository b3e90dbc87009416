import { rmSync } from 'node:fs';
import { buildEngine } from '../../optimizer/builder/build.ts';
import { seededRandom } from '../../optimizer/builder/randomInputs.ts';
import { openModel, optimizeModel, withoutPasses } from '../../optimizer/builder/session.ts';
import { countOf } from '../../optimizer/ir/tensor.ts';
import type { NativeRuntime } from '../../optimizer/runtime.ts';
import { type Attempt, MOST, ranOnce, refusal, wildInput } from './outcome.ts';

/** Import → passes → engine → run of a file that may hold anything. */
export async function attempt(
  runtime: NativeRuntime,
  path: string,
  enginePath: string,
  seed: number,
): Promise<Attempt> {
  const draw = seededRandom(seed);
  let stage: Attempt['stage'] = 'import';
  try {
    const first = await openModel(path);
    const shapes: Record<string, number[]> = {};
    for (const v of first.inputs) {
      shapes[v.name] = (v.type.shape ?? []).map((d) => (typeof d === 'number' ? d : 2));
      if (countOf(shapes[v.name]!) > MOST) return { stage: 'too large', message: v.name, fault: false };
    }
    const plain = first.inputs.filter((v) => !v.type.sequence && !v.type.optional);
    const model = await openModel(path, { shapes: Object.fromEntries(plain.map((v) => [v.name, shapes[v.name]!])) });
    stage = 'passes';
    const optimized = draw() < 0.7 ? optimizeModel(model, runtime) : withoutPasses(model);
    stage = 'build';
    const report = await buildEngine(optimized, { runtime, threads: 1, path: enginePath });
    // What takes long because it is much work has not hung.
    const work = report.layers.reduce((n, l) => n + l.flops + l.bytes, 0);
    if (report.memory.withoutReuse > 1 << 28 || work > 3e9)
      return { stage: 'too large', message: 'work', fault: false };
    stage = 'load';
    const engine = await runtime.loadEngine(enginePath);
    stage = 'run';
    const inputs = Object.fromEntries(model.inputs.map((v) => [v.name, wildInput(v.type, shapes[v.name]!, draw)]));
    return await ranOnce(engine, inputs);
  } catch (e) {
    return refusal(stage, e);
  } finally {
    rmSync(enginePath, { force: true });
  }
}
