import type { Tensor } from '../../runtime.ts';
import { floatsOf } from './convert.ts';
import { DataError, type InputSpec, type Sample, specText } from './source.ts';

/** Samples read until a batch is full. */
export interface Batch {
  /** Samples in it; the rest of the engine's batch repeats the last one. */
  readonly samples: readonly Sample[];
  readonly inputs: Readonly<Record<string, Tensor>>;
}

/** Joins samples along axis 0 to the engine's batch; a batch that is not full repeats its last sample. */
export function stack(samples: readonly Sample[], size: number): Batch {
  const first = samples[0]!;
  if (size === 1) return { samples, inputs: first.inputs };
  const inputs: Record<string, Tensor> = {};
  for (const [name, t] of Object.entries(first.inputs)) {
    const bytes = new Uint8Array(t.bytes.length * size);
    for (let i = 0; i < size; i++) {
      bytes.set(samples[Math.min(i, samples.length - 1)]!.inputs[name]!.bytes, i * t.bytes.length);
    }
    inputs[name] = { dtype: t.dtype, shape: [(t.shape[0] ?? 1) * size, ...t.shape.slice(1)], bytes };
  }
  return { samples, inputs };
}

/** Refuses what the engine could not run or ranges could not use: other shapes than the engine has, NaN, infinities. */
export function checkSample(sample: Sample, specs: readonly InputSpec[]): void {
  for (const spec of specs) {
    const t = sample.inputs[spec.name]!;
    if (t.shape.length !== spec.shape.length || spec.shape.some((d, i) => d !== null && d !== t.shape[i]))
      throw new DataError(
        `${sample.id} has the shape ${specText(t.shape)} for input "${spec.name}", which is ${specText(spec.shape)} here`,
      );
    if (t.dtype === 'float32') {
      const data = floatsOf(t);
      for (let i = 0; i < data.length; i++)
        if (!Number.isFinite(data[i]!)) throw new DataError(`${sample.id} holds ${data[i]} in input "${spec.name}"`);
    }
  }
}
