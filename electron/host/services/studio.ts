import { stat } from 'node:fs/promises';
import path from 'node:path';
import { bitsOf } from '../../../optimizer/ir/dtype.ts';
import type { HostServices } from '../../ipc/contract.ts';
import { HostError } from '../../ipc/protocol.ts';
import type { StudioParts } from '../parts/parts.ts';
import { compareGraphs } from './compare.ts';
import { nodeDetail } from './detail.ts';
import { Engines } from './engines.ts';
import { type JobOptions, Jobs } from './jobs.ts';
import { describeMachine } from './machine.ts';
import { Models } from './models.ts';
import { pluginServices } from './plugins.ts';
import { Calibrations } from './precision/calibrations.ts';
import { precisionServices } from './precision/index.ts';
import { policyOf } from './precision/policy.ts';
import { layerGraph } from './profileGraph.ts';
import { Profiles } from './profiles.ts';
import { exportReport } from './report.ts';
import { weightStats } from './statistics.ts';
import { summarize } from './trace.ts';
import { makeView, nodeKey } from './view.ts';

export interface ServiceOptions extends JobOptions {
  readonly cacheDir: string;
  /** Calibrations and their checkpoints; they outlive the session. */
  readonly calibrationDir: string;
  onLog(line: { level: 'info' | 'warning' | 'error'; text: string }): void;
}

/** The engine host's services over the given optimizer and runtime; the same in the app, in tests and over a replay. */
export function createServices(parts: StudioParts, options: ServiceOptions): HostServices {
  const models = new Models(parts);
  const engines = new Engines(parts, options.cacheDir);
  const profiles = new Profiles();
  const jobs = new Jobs(options);
  const calibrations = new Calibrations(options.calibrationDir);
  const info = (text: string): void => options.onLog({ level: 'info', text });

  return {
    machine: async () => describeMachine(parts),
    open: ({ path: file, given, job }) =>
      jobs.run(job, 'open', `Opening ${path.basename(file)}`, async ({ report, signal }) => {
        report('Reading', 0, 1);
        const imported = await parts.importModel(file, (done, total) => report('Reading', done, total), signal, given);
        const model = await models.add(file, imported);
        info(`Opened ${file}: ${model.summary.operators} operators, ${imported.format}`);
        return model.summary;
      }),
    close: async ({ model }) => {
      models.close(model);
      return {};
    },
    optimize: ({ model: handle, switches, job }) => {
      const model = models.get(handle);
      return jobs.run(job, 'optimize', `Optimizing ${model.summary.name}`, ({ report, signal }) => {
        const optimized = parts.optimize(model.imported, {
          disabledPasses: new Set(switches.passes),
          disabledApplications: new Set(switches.applications),
          onProgress: (done, total, pass) => report('Passes', done, total, pass),
          stop: signal,
        });
        model.optimized = optimized;
        model.revision++;
        const summary = summarize(parts, optimized, model.revision);
        const { operators, layers, refused } = summary.headline;
        info(`Optimized ${model.summary.name}: ${operators} operators → ${layers} layers, ${refused} fusions refused`);
        return summary;
      });
    },
    view: async ({ model, point }) => makeView(parts, models.graphAt(model, point), models.get(model).grouping),
    compare: async ({ model, before, after, seeds }) =>
      compareGraphs(
        parts,
        models.graphAt(model, before),
        models.graphAt(model, after),
        models.get(model).grouping,
        seeds,
      ),
    node: async ({ model, point, node }) => {
      const graph = models.graphAt(model, point);
      const found = graph.findNode(Number(node.slice(1)));
      if (!found || nodeKey(found.id) !== node)
        throw new HostError('no-node', 'That operator is not in the graph at this point.');
      return nodeDetail(parts, graph, found);
    },
    weight: async ({ model, point, value }) => {
      const graph = models.graphAt(model, point);
      const weight = graph.findValue(value)?.weight;
      if (!weight) throw new HostError('no-weight', 'That value is not a constant.');
      return weightStats(weight.dtype, await parts.evaluateWeight(weight, graph), bitsOf(weight.dtype));
    },
    build: ({ model: handle, job, device, threads, shapes, profiles: ranges, precision, fastFp32, tuning }) => {
      const model = models.get(handle);
      return jobs.run(job, 'build', `Building ${model.summary.name}`, async (progress) => {
        const policy = await policyOf(models.optimized(handle).graph, precision, calibrations);
        const profiled = ranges ? { profiles: ranges } : {};
        const options = { device, threads, shapes, ...profiled, precision: policy, fastFp32, tuning };
        const result = await engines.build(model, options, progress);
        info(`Built ${result.report.layers.length} layers for ${device}, ${result.report.engine.bytes} bytes`);
        return result;
      });
    },
    profile: ({ engine, optimizationProfile, job, threads, warmup, iterations }) =>
      jobs.run(job, 'profile', 'Profiling', async (progress) =>
        profiles.measured(
          engine,
          await engines.profile(
            engine,
            {
              ...(optimizationProfile === undefined ? {} : { profile: optimizationProfile }),
              threads,
              warmup,
              iterations,
            },
            progress,
          ),
        ),
      ),
    openProfile: async ({ path: file }) => {
      const opened = profiles.open(file);
      info(`Opened ${file}: ${opened.layers.length} layers on ${opened.device.name}`);
      return opened;
    },
    adoptProfile: async ({ profile }) => {
      profiles.adopt(profile);
      return {};
    },
    closeProfile: async ({ profile }) => {
      profiles.close(profile);
      return {};
    },
    profileGraph: async ({ profile }) => layerGraph(parts, profiles.get(profile)),
    exportProfile: ({ profile, format, path: to }) => profiles.export(profile, format, to),
    exportReport: (r) => exportReport(parts, models, profiles, r),
    exportEngine: ({ engine, path: to }) => engines.export(engine, to),
    exportOnnx: ({ model, path: to, job }) =>
      jobs.run(job, 'export', `Writing ${path.basename(to)}`, async ({ report, signal }) => {
        await parts.writeOnnx(models.optimized(model).graph, to, (d, t) => report('Writing', d, t), signal);
        return { bytes: (await stat(to)).size };
      }),
    ...precisionServices(parts, models, engines, calibrations, jobs, info),
    ...pluginServices,
    pause: async ({ job, paused }) => ({ found: jobs.pause(job, paused) }),
    cancel: async ({ job }) => ({ found: jobs.cancel(job) }),
  };
}
