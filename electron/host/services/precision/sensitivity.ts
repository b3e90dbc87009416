import { type SensitivityReport as Measured, measureSensitivity } from '../../../../optimizer/builder/sensitivity.ts';
import { tensorNames } from '../../../../optimizer/calibration/names.ts';
import { Ranges } from '../../../../optimizer/calibration/rangeTable.ts';
import type { Graph } from '../../../../optimizer/ir/graph.ts';
import type { NativeRuntime } from '../../../../optimizer/runtime.ts';
import type { DataChoice, RangesChoice, SensitivityReport } from '../../../ipc/schemas/precision.ts';
import type { JobProgress } from '../jobs.ts';
import type { OpenModel } from '../models.ts';
import type { Calibrations } from './calibrations.ts';
import type { Sizes } from './data.ts';
import { readInputs, sizesOf } from './samples.ts';

/** Samples that layers are compared on: every layer needs an engine of its own that runs them all. */
const SAMPLES = 32;

export interface MeasureRequest {
  readonly data: DataChoice;
  readonly ranges: RangesChoice;
  readonly shapes: Sizes;
  readonly device: string;
  readonly threads: number;
}

/** The named values that the optimized graph's nodes of these sources read and write. */
function tensorsOf(graph: Graph): (sources: readonly string[]) => string[] {
  const names = tensorNames(graph);
  const bySource = new Map([...graph.nodes()].flatMap((n) => n.source.map((s) => [s, n] as const)));
  return (sources) => {
    const nodes = new Set(sources.flatMap((s) => bySource.get(s) ?? []));
    const values = [...nodes].flatMap((n) => [...n.inputs, ...n.outputs]);
    return [...new Set(values.flatMap((v) => (v === null ? [] : (names.get(v) ?? []))))];
  };
}

/** What INT8 costs and wins layer by layer, kept for the search of mixed plans as long as nothing that it depends on changed. */
export class Sensitivity {
  private last: { key: string; measured: Measured; samples: number } | null = null;
  private readonly calibrations: Calibrations;

  constructor(calibrations: Calibrations) {
    this.calibrations = calibrations;
  }

  async measured(
    model: OpenModel,
    runtime: NativeRuntime,
    r: MeasureRequest,
    p: JobProgress,
  ): Promise<{ measured: Measured; samples: number }> {
    const optimized = model.optimized!;
    const { ranges, data, shapes, device, threads } = r;
    const key = JSON.stringify([model.summary.model, model.revision, ranges, data, shapes, device, threads]);
    if (this.last?.key === key) return this.last;
    const sizes = sizesOf(optimized.graph, shapes);
    p.report('Reading samples', 0, 1);
    const { inputs, count } = await readInputs(optimized.graph, data, shapes, SAMPLES);
    const measured = await measureSensitivity(optimized, {
      runtime,
      device,
      threads,
      ranges: new Ranges(await this.calibrations.table(ranges)),
      samples: inputs,
      sizes,
      everyLayer: true,
      stop: p.signal,
      onProgress: (done, total, layer) => p.report('Layer by layer', done, total, layer),
    });
    this.last = { key, measured, samples: count };
    return this.last;
  }

  async report(
    model: OpenModel,
    runtime: NativeRuntime,
    r: MeasureRequest,
    p: JobProgress,
  ): Promise<SensitivityReport> {
    const { revision } = model;
    const { measured, samples } = await this.measured(model, runtime, r, p);
    const table = await this.calibrations.table(r.ranges);
    const clipped = new Map(table.entries.map((e) => [e.tensor, e.clipped]));
    const tensors = tensorsOf(model.optimized!.graph);
    const layers = measured.layers.map((l) => {
      const names = tensors(l.sources).filter((n) => clipped.has(n));
      return {
        ...l,
        place: model.optimized!.graph.sources.get(l.sources[0] ?? '')?.name ?? '',
        sources: [...l.sources],
        tensors: names,
        clipped: Math.max(0, ...names.map((n) => clipped.get(n)!)),
      };
    });
    return { layers, samples, revision };
  }
}
