import { stat } from 'node:fs/promises';
import path from 'node:path';
import { feedOf } from '../../../../optimizer/builder/feed.ts';
import { withQuantization } from '../../../../optimizer/builder/quantized.ts';
import { algorithms } from '../../../../optimizer/calibration/algorithms/index.ts';
import { specText } from '../../../../optimizer/calibration/data/source.ts';
import { beyond } from '../../../../optimizer/calibration/histogram.ts';
import { tensorSqnr } from '../../../../optimizer/calibration/noise.ts';
import { Ranges } from '../../../../optimizer/calibration/rangeTable.ts';
import type { NativeRuntime } from '../../../../optimizer/runtime.ts';
import type { HostServices } from '../../../ipc/contract.ts';
import { HostError } from '../../../ipc/protocol.ts';
import type { StudioParts } from '../../parts/parts.ts';
import type { Engines } from '../engines.ts';
import type { Jobs } from '../jobs.ts';
import type { Models } from '../models.ts';
import type { Calibrations } from './calibrations.ts';
import { imageSettingsOf, inputsWith, openSource, readsImages } from './data.ts';
import { evaluateEngine } from './evaluate.ts';
import { measurePlans } from './plans.ts';
import { KINDS, pinsOf, STORAGES } from './policy.ts';
import { previewSample } from './preview.ts';
import { Sensitivity } from './sensitivity.ts';

type PrecisionServices = Pick<
  HostServices,
  | 'precisions'
  | 'data'
  | 'calibrate'
  | 'liveCalibration'
  | 'calibration'
  | 'openCalibration'
  | 'exportCalibration'
  | 'exportQdq'
  | 'histogram'
  | 'threshold'
  | 'sensitivity'
  | 'plans'
  | 'evaluate'
>;

const asMade = (calibration: string) => ({ calibration, algorithm: null, thresholds: {} });

/** Data, calibration, what INT8 costs per layer, plans, accuracy: the services of the Precision step. */
export function precisionServices(
  parts: StudioParts,
  models: Models,
  engines: Engines,
  calibrations: Calibrations,
  jobs: Jobs,
  info: (text: string) => void,
): PrecisionServices {
  const sensitivity = new Sensitivity(calibrations);
  const runtime = (): NativeRuntime => {
    if (!parts.runtime) throw new HostError('no-runtime', parts.runtimeProblem ?? 'The native runtime is missing.');
    return parts.runtime;
  };

  return {
    precisions: async () => ({
      algorithms: algorithms.map(({ name, title, doc }) => ({ name, title, doc })),
      storages: [...STORAGES],
      kinds: [...KINDS],
    }),
    data: async ({ model: handle, data, shapes, indices }) => {
      const model = models.get(handle);
      const { graph } = models.optimized(handle);
      const specs = feedOf(inputsWith(graph, shapes, false), data.batch).inputs;
      const source = await openSource(data, specs);
      try {
        const images = readsImages(data.path, specs);
        const samples = [];
        for (const i of indices)
          if (i < source.length) samples.push(await previewSample(source, i, specs, imageSettingsOf(data), images));
        const { description, length, labelled } = source;
        return {
          description,
          length,
          labelled,
          images: images !== null,
          inputs: specs.map((s) => ({ name: s.name, type: `${s.dtype} ${specText(s.shape)}` })),
          samples,
          checkpoint: calibrations.checkpoint(model, source),
        };
      } finally {
        await source.close();
      }
    },
    calibrate: ({ model: handle, job, ...request }) => {
      const model = models.get(handle);
      const work = jobs.run(
        job,
        'calibrate',
        `Calibrating ${model.summary.name}`,
        (p) => calibrations.run(model, runtime(), request, job, p),
        true,
      );
      return work.then(async ({ handle: calibration, status, run }) => {
        info(
          `Calibrated ${model.summary.name} (${status}): ${run.seen} samples of ${path.basename(request.data.path)}`,
        );
        return calibrations.view(model, asMade(calibration));
      });
    },
    liveCalibration: async ({ run, tensors }) => calibrations.live(run, tensors),
    calibration: async ({ model, ranges }) => calibrations.view(models.get(model), ranges),
    openCalibration: async ({ model: handle, path: file }) => {
      const model = models.get(handle);
      models.optimized(handle);
      const { handle: calibration } = calibrations.read(model, file);
      info(`Opened the calibration cache ${file}`);
      return calibrations.view(model, asMade(calibration));
    },
    exportCalibration: ({ ranges, format, path: to }) => calibrations.export(ranges, format, to),
    exportQdq: ({ model: handle, ranges, pins, activations, path: to, job }) => {
      const { graph } = models.optimized(handle);
      return jobs.run(job, 'export', `Writing ${path.basename(to)}`, async ({ report, signal }) => {
        const table = new Ranges(await calibrations.table(ranges));
        const quantized = withQuantization(graph, table, pinsOf(pins), activations);
        await parts.writeOnnx(quantized, to, (done, total) => report('Writing', done, total), signal);
        const operators = [...quantized.nodes()].filter((n) => n.op === 'QuantizeLinear').length;
        return { bytes: (await stat(to)).size, quantized: operators };
      });
    },
    histogram: async ({ calibration, tensor }) => {
      const h = calibrations.entry(calibration, tensor).histogram;
      return {
        tensor,
        width: h?.width ?? 0,
        bins: Float64Array.from(h?.bins ?? []),
        zeros: h?.zeros ?? 0,
        count: h?.count ?? 0,
      };
    },
    threshold: async ({ calibration, tensor, amax }) => {
      const h = calibrations.entry(calibration, tensor).histogram;
      if (!h) return { clipped: 0, sqnr: null };
      return { clipped: h.count > 0 ? beyond(h, amax) / h.count : 0, sqnr: tensorSqnr(h, amax) };
    },
    sensitivity: ({ model: handle, job, ...request }) => {
      const model = models.get(handle);
      models.optimized(handle);
      return jobs.run(job, 'sensitivity', 'Ranking layers', (p) => sensitivity.report(model, runtime(), request, p));
    },
    plans: ({ model: handle, job, ...request }) => {
      const model = models.get(handle);
      models.optimized(handle);
      return jobs.run(job, 'plans', 'Comparing plans', (p) =>
        measurePlans(parts, model, runtime(), calibrations, sensitivity, request, p),
      );
    },
    evaluate: ({ engine, data, job }) =>
      jobs.run(job, 'evaluate', 'Evaluating', async (p) => {
        const { path: file, result } = engines.get(engine);
        const accuracy = await evaluateEngine(runtime(), file, result.report.threads, data, p);
        info(`Top-1 ${(100 * accuracy.top1).toFixed(2)} % on ${accuracy.description}`);
        return accuracy;
      }),
  };
}
