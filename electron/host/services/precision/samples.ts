import { type Feed, Feeder, feedOf, nothingGood } from '../../../../optimizer/builder/feed.ts';
import type { DimRange } from '../../../../optimizer/builder/plan.ts';
import type { Inputs } from '../../../../optimizer/builder/sensitivity.ts';
import { spread } from '../../../../optimizer/calibration/data/source.ts';
import type { Graph } from '../../../../optimizer/ir/graph.ts';
import { HostError } from '../../../ipc/protocol.ts';
import type { DataChoice } from '../../../ipc/schemas/precision.ts';
import { inputsWith, openSource, type Sizes } from './data.ts';

/** Every open size of the graph; those that the user did not choose are an error that names them. */
export function sizesOf(graph: Graph, shapes: Sizes): Record<string, DimRange> {
  const open = new Set(
    graph.inputs.flatMap((id) => (graph.value(id).type.shape ?? []).filter((d) => typeof d === 'string')),
  );
  const missing = [...open].filter((s) => shapes[s] === undefined);
  if (missing.length > 0)
    throw new HostError(
      'open-shapes',
      `Give dimension ${missing.map((s) => `"${s}"`).join(' and ')} a size in the Build step first.`,
    );
  return Object.fromEntries([...open].map((s) => [s, { min: shapes[s]!, opt: shapes[s]!, max: shapes[s]! }]));
}

/** How an engine of these sizes is fed. */
export const engineFeed = (graph: Graph, shapes: Sizes): Feed => feedOf(inputsWith(graph, shapes, true));

/** At most `most` samples, spread over the data and joined to the batches of an engine of these sizes. */
export async function readInputs(
  graph: Graph,
  data: DataChoice,
  shapes: Sizes,
  most: number,
): Promise<{ inputs: Inputs[]; count: number }> {
  const feed = engineFeed(graph, shapes);
  const source = spread(await openSource(data, feed.inputs), most);
  const feeder = new Feeder(source, feed);
  try {
    const inputs: Inputs[] = [];
    let read = 0;
    for (let b = await feeder.next(); b; b = await feeder.next()) {
      inputs.push(b.inputs);
      read += b.samples.length;
    }
    if (inputs.length === 0) throw nothingGood(source, feeder.skipped);
    return { inputs, count: read };
  } finally {
    await feeder.settle();
    await source.close();
  }
}
