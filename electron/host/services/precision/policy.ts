import type { Storage as Stored } from '../../../../optimizer/builder/planSearch/format.ts';
import type { PrecisionPolicy } from '../../../../optimizer/builder/planSearch/storages.ts';
import { PERMITTED, type Pins, precisionPolicy } from '../../../../optimizer/builder/precision.ts';
import { Ranges } from '../../../../optimizer/calibration/rangeTable.ts';
import type { Graph } from '../../../../optimizer/ir/graph.ts';
import { HostError } from '../../../ipc/protocol.ts';
import type { BuildKind, PrecisionChoice, Storage } from '../../../ipc/schemas/precision.ts';
import type { Calibrations } from './calibrations.ts';

/** What a build may be asked for, the model's own precision first. */
export const STORAGES: readonly Storage[] = ['fp32', 'fp16', 'bf16', 'int8'];

/** What may be permitted without a budget. */
export const KINDS: readonly BuildKind[] = [...STORAGES, 'int8+fp16'];

/** Pins by what they pin to. */
export function pinsOf(pins: PrecisionChoice['pins']): Pins {
  const to = (storage: Storage): string[] =>
    Object.entries(pins).flatMap(([source, s]) => (s === storage ? [source] : []));
  return { fp32: to('fp32'), bf16: to('bf16'), fp16: to('fp16'), int8: to('int8') };
}

/** The permission that a choice of precision gives the builder; null = everything as the model has it. */
export async function policyOf(
  graph: Graph,
  choice: PrecisionChoice | null,
  calibrations: Calibrations,
): Promise<PrecisionPolicy | null> {
  if (choice === null || (choice.kind === 'fp32' && Object.keys(choice.pins).length === 0)) return null;
  const pins = pinsOf(choice.pins);
  if (
    !choice.ranges &&
    ((PERMITTED[choice.kind] as readonly Stored[]).includes('int8') || (pins.int8?.length ?? 0) > 0)
  )
    throw new HostError('no-ranges', 'INT8 needs ranges: calibrate, or open a calibration cache.');
  const ranges = choice.ranges ? new Ranges(await calibrations.table(choice.ranges)) : null;
  return precisionPolicy(graph, ranges, pins, PERMITTED[choice.kind]);
}

/** What people call how a layer's operands are stored. */
export function storageOf(stored: Stored): Storage {
  if (stored === 'float16') return 'fp16';
  if (stored === 'bfloat16') return 'bf16';
  return stored === '' ? 'fp32' : 'int8';
}

/** Layers by precision; copies are the price of the others' choices and count for none. */
export function countStorages(
  layers: readonly { readonly op: string; readonly stored: Stored }[],
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const l of layers) {
    if (l.op === 'Copy') continue;
    const s = storageOf(l.stored);
    counts[s] = (counts[s] ?? 0) + 1;
  }
  return counts;
}
