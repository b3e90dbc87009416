import { randomTensor, seededRandom } from '../optimizer/builder/randomInputs.ts';
import { readNpy } from '../optimizer/calibration/data/npy.ts';
import { dtypeFromNumber } from '../optimizer/engine/encode.ts';
import type { EngineMessage } from '../optimizer/engine/messages.ts';
import { inputRanges } from '../optimizer/engine/profiles.ts';
import type { Tensor } from '../optimizer/runtime.ts';
import { UsageError } from './exit.ts';
import { parsePairs } from './options.ts';

/** Inputs for an engine: from the named .npy files, seeded random numbers for the rest. */
export function gatherInputs(
  header: EngineMessage,
  files: readonly string[],
  shapes: Readonly<Record<string, readonly number[]>>,
  seed: number,
  profile = 0,
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
  // Open sizes that nobody gives are those that kernels were chosen at.
  const tuned = new Map(inputRanges(header, profile).map((r) => [r.name, r.opt]));
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
    const open = v.shape.some((d) => d.kind !== 0);
    const shape = open ? (shapes[name] ?? shapes['']) : undefined;
    out[name] = randomTensor(dtypeFromNumber(v.dtype), shape ?? tuned.get(name)!, random);
  }
  return out;
}
