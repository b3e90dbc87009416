import { BuildError } from '../../optimizer/builder/plan.ts';
import { randomTensor } from '../../optimizer/builder/randomInputs.ts';
import { EngineFileError } from '../../optimizer/engine/check.ts';
import { ImportError } from '../../optimizer/importers/error.ts';
import { countOf, fromNumbers } from '../../optimizer/ir/tensor.ts';
import { OpError } from '../../optimizer/ops/op.ts';
import { type LoadedEngine, RuntimeFailure, type Tensor } from '../../optimizer/runtime.ts';

export type Stage = 'import' | 'passes' | 'build' | 'inspect' | 'load' | 'run' | 'ran' | 'too large';

export interface Attempt {
  /** How far it came: "ran", or the stage that refused it. */
  readonly stage: Stage;
  /** What was said; '' when it ran. */
  readonly message: string;
  /** An error of a kind that no one is meant to see: a fault of ours even where nothing crashed. */
  readonly fault: boolean;
}

/** Elements beyond which an input is not worth filling. */
export const MOST = 1 << 18;

/** RangeErrors that no one here wrote: an array of a length that cannot be, a number that is no BigInt, a deep recursion. */
const OF_THE_LANGUAGE =
  /call stack|^(Invalid|Array buffer|The value of|The number|Offset|Start offset|Byte length|Source)|out of bounds|out of range|digits/i;

/** Errors whose message is a sentence for people (cli/guard.ts). */
const expected = (e: unknown): boolean =>
  (e instanceof Error && (e.name === 'InferError' || e.name === 'CycleError')) ||
  (e instanceof ImportError && e.cause === undefined) ||
  e instanceof BuildError ||
  e instanceof EngineFileError ||
  (e instanceof RuntimeFailure && e.code !== 'internal') ||
  e instanceof OpError ||
  (e instanceof RangeError && !OF_THE_LANGUAGE.test(e.message));

/** What an error that ended an attempt amounts to. */
export function refusal(stage: Stage, e: unknown): Attempt {
  const text = e instanceof Error ? `${e.name}: ${e.message.split('\n')[0]}` : String(e);
  const root = e instanceof Error && e.cause instanceof Error ? e.cause : e;
  const frames = root instanceof Error && !expected(e) ? (root.stack?.split('\n').slice(1, 4) ?? []) : [];
  return { stage, message: [text, ...frames.map((l) => l.trim())].join(' '), fault: !expected(e) };
}

/** Runs an engine once and lets it go. */
export async function ranOnce(engine: LoadedEngine, inputs: Readonly<Record<string, Tensor>>): Promise<Attempt> {
  const context = engine.createContext({ threads: 1 });
  await context.run(inputs);
  context.dispose();
  engine.dispose();
  return { stage: 'ran', message: '', fault: false };
}

/** Random numbers for an input: also indices outside, negative lengths and other things that data may hold. */
function wild(dtype: Tensor['dtype'], shape: readonly number[], draw: () => number): Tensor {
  if (!/^u?int(8|16|32|64)$/.test(dtype) || draw() < 0.5) return randomTensor(dtype, shape, draw);
  const numbers = Array.from(
    { length: countOf(shape) },
    () => Math.floor(draw() * 24) - (dtype.startsWith('u') ? 0 : 8),
  );
  return { dtype, shape, bytes: fromNumbers(dtype, shape, numbers).bytes };
}

/** What an input of this kind may be given: a tensor, up to three of them in a sequence, or nothing. */
export function wildInput(
  type: { readonly dtype: Tensor['dtype']; readonly sequence?: boolean; readonly optional?: boolean },
  shape: readonly number[],
  draw: () => number,
): Tensor {
  const none = { dtype: type.dtype, shape: [], bytes: new Uint8Array() };
  if (type.optional && draw() < 0.5) return { ...none, absent: true };
  if (!type.sequence) return wild(type.dtype, shape, draw);
  const length = (d: number): number => (draw() < 0.2 ? Math.floor(draw() * 4) : d);
  return {
    ...none,
    items: Array.from({ length: Math.floor(draw() * 4) }, () => wild(type.dtype, shape.map(length), draw)),
  };
}
