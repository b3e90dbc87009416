import { randomTensor, seededRandom } from '../optimizer/builder/randomInputs.ts';
import { readNpy } from '../optimizer/calibration/data/npy.ts';
import { dimMessageText, dtypeFromNumber } from '../optimizer/engine/encode.ts';
import type { EngineMessage } from '../optimizer/engine/messages.ts';
import type { Tensor } from '../optimizer/runtime.ts';
import { UsageError } from './exit.ts';
import { parsePairs } from './options.ts';

/** Inputs for an engine: from the named .npy files, seeded random numbers for the rest. */
export function gatherInputs(
  header: EngineMessage,
  files: readonly string[],
  shapes: Readonly<Record<string, readonly number[]>>,
  seed: number,
): Record<string, Tensor> {
  const given = parsePairs('--input', files);
  for (const name of Object.keys(given)) {
    if (!header.inputs.some((i) => i.name === name)) {
      throw new UsageError(
        `there is no input "${name}"; inputs are ${header.inputs.map((i) => `"${i.name}"`).join(', ')}`,
      );
    }
  }
  const random = seededRandom(seed);
  const out: Record<string, Tensor> = {};
  for (const { name, value } of header.inputs) {
    const v = header.values[value]!;
    const file = given[name];
    if (file !== undefined) {
      const tensor = readNpy(file);
      const want = dtypeFromNumber(v.dtype);
      if (tensor.dtype !== want) throw new UsageError(`input "${name}" wants ${want}, ${file} holds ${tensor.dtype}`);
      out[name] = tensor;
      continue;
    }
    const fixed = v.shape.every((d) => d.kind === 0) ? v.shape.map((d) => d.value ?? 0) : (shapes[name] ?? shapes['']);
    if (!fixed) {
      const text = v.shape.map((d) => dimMessageText(d, header.symbols)).join('x');
      throw new UsageError(
        `input "${name}" has the open shape ${text}: give --shape ${name}=… or --input ${name}=FILE.npy`,
      );
    }
    out[name] = randomTensor(dtypeFromNumber(v.dtype), fixed, random);
  }
  return out;
}
