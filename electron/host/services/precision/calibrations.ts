import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { calibrate } from '../../../../optimizer/builder/calibrate.ts';
import { feedOf, type Skipped } from '../../../../optimizer/builder/feed.ts';
import { algorithmNamed } from '../../../../optimizer/calibration/algorithms/index.ts';
import {
  checkModel,
  type RunState,
  readCalibrationFile,
  replaceFile,
  writeCalibrationFile,
} from '../../../../optimizer/calibration/cache/file.ts';
import {
  isTensorRtCache,
  readTensorRtCache,
  writeTensorRtCache,
} from '../../../../optimizer/calibration/cache/tensorRt.ts';
import type { SampleSource } from '../../../../optimizer/calibration/data/source.ts';
import type { RangeEntry, RangeTable } from '../../../../optimizer/calibration/rangeTable.ts';
import { tapsOf } from '../../../../optimizer/calibration/taps.ts';
import type { Optimized } from '../../../../optimizer/passes/pass.ts';
import type { NativeRuntime } from '../../../../optimizer/runtime.ts';
import { HostError } from '../../../ipc/protocol.ts';
import type { CalibrationView, DataChoice, LiveCalibration, RangesChoice } from '../../../ipc/schemas/precision.ts';
import type { JobProgress } from '../jobs.ts';
import type { OpenModel } from '../models.ts';
import { inputsWith, openSource, type Sizes } from './data.ts';
import { makersOf, rangeView, withAlgorithm, withThresholds } from './ranges.ts';
import { Tracker } from './tracker.ts';

const CHECKPOINT_SECONDS = 3;
/** Calibrations kept on disk, newest first. */
const KEPT = 50;
/** Sentences about samples and tensors that one answer carries. */
const SENTENCES = 200;

interface Held {
  readonly handle: string;
  readonly path: string;
  readonly origin: CalibrationView['origin'];
  readonly status: CalibrationView['status'];
  readonly model: { readonly name: string; readonly hash: string };
  readonly run: RunState;
  readonly skipped: readonly Skipped[];
  readonly warnings: readonly string[];
  /** By algorithm; the first is the table as it was made. */
  readonly tables: Map<string, RangeTable>;
}

export interface CalibrateRequest {
  readonly data: DataChoice;
  readonly algorithm: string;
  readonly shapes: Sizes;
  readonly device: string;
  readonly threads: number;
  readonly resume: boolean;
}

const pairs = <T>(from: readonly T[]): T[] => from.slice(0, SENTENCES).map((x) => ({ ...x }));

function optimizedOf(model: OpenModel): Optimized {
  if (!model.optimized) throw new HostError('not-optimized', 'The model has not been optimized yet.');
  return model.optimized;
}

/** Calibrations of this session by handle: run here, or read from files. Their files outlive the session. */
export class Calibrations {
  private readonly held = new Map<string, Held>();
  private readonly running = new Map<string, Tracker>();
  private readonly dir: string;
  private next = 1;

  constructor(dir: string) {
    this.dir = dir;
  }

  /** The file of a calibration of these samples: its checkpoint, and in the end its result. */
  private fileOf(model: OpenModel, source: SampleSource): string {
    const key = createHash('sha256').update(`${model.imported.hash} ${source.fingerprint}`).digest('hex');
    return path.join(this.dir, `${path.parse(model.path).name}-${key.slice(0, 20)}.calib`);
  }

  /** How far an unfinished calibration of these samples got; null when there is none. */
  checkpoint(model: OpenModel, source: SampleSource): { next: number; total: number } | null {
    const file = this.fileOf(model, source);
    if (!existsSync(file)) return null;
    try {
      const { next, total } = readCalibrationFile(file).run;
      return next < total ? { next, total } : null;
    } catch {
      // A damaged checkpoint is no checkpoint.
      return null;
    }
  }

  async run(model: OpenModel, runtime: NativeRuntime, r: CalibrateRequest, job: string, p: JobProgress) {
    const optimized = optimizedOf(model);
    const algorithm = algorithmNamed(r.algorithm);
    if (!algorithm) throw new HostError('no-algorithm', `There is no calibration algorithm called "${r.algorithm}".`);
    await mkdir(this.dir, { recursive: true });
    const { batch } = r.data;
    const source = await openSource(r.data, feedOf(inputsWith(optimized.graph, r.shapes, false), batch).inputs);
    const tracker = new Tracker([...tapsOf(optimized.graph).names.values()]);
    this.running.set(job, tracker);
    try {
      const file = this.fileOf(model, source);
      const { status, table, run, skipped, warnings } = await calibrate(optimized, {
        runtime,
        device: r.device,
        threads: r.threads,
        source,
        algorithm,
        batch,
        cache: file,
        resume: r.resume,
        checkpointSeconds: CHECKPOINT_SECONDS,
        gate: p.gate,
        stop: p.signal,
        onBuild: (b) => p.report('Preparing', b.done, b.total, b.note),
        onProgress: (c) => {
          p.report('Calibrating', c.done, c.total, '', { rate: c.rate, eta: c.eta });
          tracker.see(c);
        },
      });
      const of = { name: optimized.graph.name, hash: table.modelHash };
      return this.add({ path: file, origin: 'run', status, model: of, run, skipped, warnings }, table);
    } finally {
      tracker.end();
      this.running.delete(job);
      await source.close();
      await this.prune();
    }
  }

  live(job: string, tensors: readonly string[]): LiveCalibration {
    const tracker = this.running.get(job);
    if (!tracker) throw new HostError('no-calibration', 'That calibration is no longer running.');
    tracker.want(tensors);
    const { points, problems, latest } = tracker;
    return {
      tensors: [...tracker.names],
      ranges: tensors.flatMap((t) => {
        const e = latest.get(t);
        return e ? [rangeView(e, [], null)] : [];
      }),
      at: Float64Array.from(points, (x) => x.at),
      largest: Float64Array.from(points, (x) => x.largest),
      middle: Float64Array.from(points, (x) => x.middle),
      skipped: pairs(problems.slice(-20)),
      skippedCount: problems.length,
    };
  }

  /** Reads a cache: ours of the same model, or TensorRT's, which do not say what model they are of. */
  read(model: OpenModel, file: string): Held {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch {
      throw new HostError('read', `${file} cannot be read; choose the calibration cache again.`);
    }
    if (isTensorRtCache(text)) {
      const table = readTensorRtCache(text, path.basename(file));
      const run = { source: '', next: 0, total: 0, seen: 0 };
      const of = { name: optimizedOf(model).graph.name, hash: '' };
      return this.add(
        { path: file, origin: 'tensorrt', status: 'complete', model: of, run, skipped: [], warnings: [] },
        table,
      );
    }
    const { table, run, model: of } = readCalibrationFile(file);
    checkModel(file, of, model.imported.hash);
    const origin = path.dirname(file) === this.dir ? 'run' : 'file';
    const status = run.next < run.total ? 'cancelled' : 'complete';
    return this.add({ path: file, origin, status, model: of, run, skipped: [], warnings: [] }, table);
  }

  private add(from: Omit<Held, 'handle' | 'tables'>, table: RangeTable): Held {
    const handle = `c${this.next++}`;
    const entry: Held = { ...from, handle, tables: new Map([[table.algorithm, table]]) };
    this.held.set(handle, entry);
    return entry;
  }

  private get(handle: string): Held {
    const h = this.held.get(handle);
    if (!h) throw new HostError('no-calibration', 'That calibration is no longer at hand; calibrate again.');
    return h;
  }

  /** The table of an algorithm, without thresholds moved by hand. */
  private async chosen(h: Held, algorithm: string | null): Promise<RangeTable> {
    const made = [...h.tables.values()][0]!;
    if (algorithm === null || h.origin === 'tensorrt') return made;
    const known = h.tables.get(algorithm);
    if (known) return known;
    const table = await withAlgorithm(made, algorithm);
    h.tables.set(algorithm, table);
    return table;
  }

  /** The ranges as they were decided: algorithm and moved thresholds. */
  async table(r: RangesChoice): Promise<RangeTable> {
    return withThresholds(await this.chosen(this.get(r.calibration), r.algorithm), r.thresholds);
  }

  entry(handle: string, tensor: string): RangeEntry {
    const [table] = this.get(handle).tables.values();
    const e = table!.entries.find((x) => x.tensor === tensor);
    if (!e) throw new HostError('no-tensor', `The calibration has no tensor called "${tensor}".`);
    return e;
  }

  async view(model: OpenModel, r: RangesChoice): Promise<CalibrationView> {
    const h = this.get(r.calibration);
    const chosen = await this.chosen(h, r.algorithm);
    const table = withThresholds(chosen, r.thresholds);
    const { graph } = optimizedOf(model);
    const makers = makersOf(graph);
    const has = new Set(table.entries.map((e) => e.tensor));
    return {
      calibration: h.handle,
      path: h.path,
      origin: h.origin,
      status: h.status,
      algorithm: table.algorithm,
      made: [...h.tables.keys()][0]!,
      samples: h.run.seen,
      next: h.run.next,
      total: h.run.total,
      skipped: pairs(h.skipped),
      warnings: h.warnings.slice(0, SENTENCES),
      revision: model.revision,
      tensors: table.entries.flatMap((e, i) => {
        const sources = makers.get(e.tensor);
        const moved = r.thresholds[e.tensor] === undefined ? null : chosen.entries[i]!.amax;
        // Tensors of other passes, or names that TensorRT made up, are no part of this graph.
        return sources ? [rangeView(e, sources, moved)] : [];
      }),
      missing: [...tapsOf(graph).names.values()].filter((n) => !has.has(n)),
    };
  }

  async export(r: RangesChoice, format: 'sinter' | 'tensorrt', to: string): Promise<{ tensors: number }> {
    const { model, run } = this.get(r.calibration);
    const table = await this.table(r);
    try {
      if (format === 'tensorrt') replaceFile(to, writeTensorRtCache(table));
      else writeCalibrationFile(to, { model, run, table });
    } catch (e) {
      if (e instanceof Error && 'syscall' in e)
        throw new HostError('write', `${to} could not be written: ${e.message}.`);
      throw e;
    }
    return { tensors: table.entries.length };
  }

  private async prune(): Promise<void> {
    const files = (await readdir(this.dir)).filter((f) => f.endsWith('.calib')).map((f) => path.join(this.dir, f));
    const dated = await Promise.all(files.map(async (f) => ({ f, at: (await stat(f)).mtimeMs })));
    const held = new Set([...this.held.values()].map((h) => h.path));
    for (const { f } of dated.sort((a, b) => b.at - a.at).slice(KEPT)) if (!held.has(f)) await rm(f, { force: true });
  }
}
