import type { PlanLayer } from '../../../../optimizer/builder/plan.ts';
import type { PrecisionPolicy } from '../../../../optimizer/builder/planSearch/quantization.ts';
import { type Pins, precisionPolicy } from '../../../../optimizer/builder/precision.ts';
import { Ranges } from '../../../../optimizer/calibration/rangeTable.ts';
import type { Graph } from '../../../../optimizer/ir/graph.ts';
import { HostError } from '../../../ipc/protocol.ts';
import type { PrecisionChoice, Storage } from '../../../ipc/schemas/precision.ts';
import type { Calibrations } from './calibrations.ts';

/** What a build may be asked for, the model's own precision first. */
export const STORAGES: readonly Storage[] = ['fp32', 'int8'];

const pinnedTo = (c: PrecisionChoice, storage: Storage): string[] =>
  Object.entries(c.pins).flatMap(([source, s]) => (s === storage ? [source] : []));

/** The permission that a choice of precision gives the builder; null = everything as the model has it. */
export async function policyOf(
  graph: Graph,
  choice: PrecisionChoice | null,
  calibrations: Calibrations,
): Promise<PrecisionPolicy | null> {
  if (choice === null || choice.kind === 'fp32') return null;
  if (!choice.ranges) throw new HostError('no-ranges', 'INT8 needs ranges: calibrate, or open a calibration cache.');
  const pins: Pins = { fp32: pinnedTo(choice, 'fp32') };
  const policy = precisionPolicy(graph, new Ranges(await calibrations.table(choice.ranges)), pins);
  const int8 = new Set(pinnedTo(choice, 'int8'));
  return { ...policy, required: (l: PlanLayer) => l.sources.some((s) => int8.has(s)) };
}
