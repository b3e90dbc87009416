import { rmSync } from 'node:fs';
import { buildEngine } from '../../optimizer/builder/build.ts';
import { BuildError } from '../../optimizer/builder/plan.ts';
import { randomTensor, seededRandom } from '../../optimizer/builder/randomInputs.ts';
import { openModel, optimizeModel, withoutPasses } from '../../optimizer/builder/session.ts';
import { ImportError } from '../../optimizer/importers/error.ts';
import { countOf, fromNumbers } from '../../optimizer/ir/tensor.ts';
import { OpError } from '../../optimizer/ops/op.ts';
import { type NativeRuntime, RuntimeFailure, type Tensor } from '../../optimizer/runtime.ts';

export interface Attempt {
  /** How far it came: "ran", or the stage that refused it. */
  readonly stage: 'import' | 'passes' | 'build' | 'load' | 'run' | 'ran' | 'too large';
  /** What was said; '' when it ran. */
  readonly message: string;
  /** An error of a kind that no one is meant to see: a fault of ours even where nothing crashed. */
  readonly fault: boolean;
}

/** Elements beyond which an input is not worth filling. */
const MOST = 1 << 18;

/** Errors whose message is a sentence for people (cli/guard.ts). */
const expected = (e: unknown): boolean =>
  (e instanceof Error && (e.name === 'InferError' || e.name === 'CycleError')) ||
  e instanceof ImportError ||
  e instanceof BuildError ||
  e instanceof RuntimeFailure ||
  e instanceof OpError ||
  (e instanceof RangeError && !/call stack/.test(e.message));

/** Random numbers for an input: also indices outside, negative lengths and other things that data may hold. */
function wild(dtype: Tensor['dtype'], shape: readonly number[], draw: () => number): Tensor {
  if (!/^u?int(8|16|32|64)$/.test(dtype) || draw() < 0.5) return randomTensor(dtype, shape, draw);
  const numbers = Array.from(
    { length: countOf(shape) },
    () => Math.floor(draw() * 24) - (dtype.startsWith('u') ? 0 : 8),
  );
  return { dtype, shape, bytes: fromNumbers(dtype, shape, numbers).bytes };
}

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
      if (v.type.sequence || v.type.optional) return { stage: 'too large', message: 'a sequence', fault: false };
      shapes[v.name] = (v.type.shape ?? []).map((d) => (typeof d === 'number' ? d : 2));
      if (countOf(shapes[v.name]!) > MOST) return { stage: 'too large', message: v.name, fault: false };
    }
    const model = await openModel(path, { shapes });
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
    const context = engine.createContext({ threads: 1 });
    const inputs = Object.fromEntries(model.inputs.map((v) => [v.name, wild(v.type.dtype, shapes[v.name]!, draw)]));
    await context.run(inputs);
    context.dispose();
    engine.dispose();
    return { stage: 'ran', message: '', fault: false };
  } catch (e) {
    const text = e instanceof Error ? `${e.name}: ${e.message.split('\n')[0]}` : String(e);
    const where =
      e instanceof Error && !expected(e)
        ? ` ${e.stack
            ?.split('\n')
            .slice(1, 3)
            .map((l) => l.trim())
            .join(' ')}`
        : '';
    return { stage, message: text + where, fault: !expected(e) };
  } finally {
    rmSync(enginePath, { force: true });
  }
}
