import type { PlanLayer } from '../../../../optimizer/builder/plan.ts';
import type { PrecisionPolicy } from '../../../../optimizer/builder/planSearch/storages.ts';
import { precisionPolicy } from '../../../../optimizer/builder/precision.ts';
import { Ranges } from '../../../../optimizer/calibration/rangeTable.ts';
import type { Graph } from '../../../../optimizer/ir/graph.ts';
import { HostError } from '../../../ipc/protocol.ts';
import type { PrecisionChoice, Storage } from '../../../ipc/schemas/precision.ts';
import type { Calibrations } from './calibrations.ts';

/** What a build may be asked for, the model's own precision first. */
export const STORAGES: readonly Storage[] = ['fp32', 'int8'];

const STORED = { fp32: '', fp16: 'float16', bf16: 'bfloat16', int8: 'int8' } as const;
const NOTHING = { algorithm: '', samples: 0, modelHash: '', entries: [] };

/** The permission that a choice of precision gives the builder; null = everything as the model has it. */
export async function policyOf(
  graph: Graph,
  choice: PrecisionChoice | null,
  calibrations: Calibrations,
): Promise<PrecisionPolicy | null> {
  if (choice === null || choice.kind === 'fp32') return null;
  const needsRanges = choice.kind === 'int8' || Object.values(choice.pins).includes('int8');
  if (needsRanges && !choice.ranges)
    throw new HostError('no-ranges', 'INT8 needs ranges: calibrate, or open a calibration cache.');
  const table = choice.ranges ? await calibrations.table(choice.ranges) : NOTHING;
  const free = ['', STORED[choice.kind]] as const;
  const storages = (layer: PlanLayer) => {
    const pins = new Set(layer.sources.flatMap((s) => choice.pins[s] ?? []));
    // Of different wishes within one layer the most careful one holds.
    const pin = (['fp32', 'bf16', 'fp16', 'int8'] as const).find((p) => pins.has(p));
    return pin === undefined ? free : [STORED[pin]];
  };
  return { ...precisionPolicy(graph, new Ranges(table)), storages };
}
