import { copyFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ProfileDocument } from '../../../optimizer/engine/profile/document.ts';
import { HostError } from '../../ipc/protocol.ts';
import { type BuildResult, buildResult } from '../../ipc/schemas/build.ts';
import type { BuildRequest, StudioParts } from '../parts/parts.ts';
import type { JobProgress } from './jobs.ts';
import type { OpenModel } from './models.ts';

interface BuiltEngine {
  readonly path: string;
  readonly result: BuildResult;
}

const PHASES = {
  import: 'Reading',
  optimize: 'Optimizing',
  plan: 'Choosing kernels',
  tune: 'Timing kernels',
  write: 'Writing the engine',
};

const PROFILE_PHASES = { ceilings: 'Measuring what the device reaches', run: 'Running' };

/** Engines built in this session; their files lie in the results cache until they are exported. */
export class Engines {
  private readonly built = new Map<string, BuiltEngine>();
  private readonly parts: StudioParts;
  private readonly cacheDir: string;
  private next = 1;

  constructor(parts: StudioParts, cacheDir: string) {
    this.parts = parts;
    this.cacheDir = cacheDir;
  }

  get(handle: string): BuiltEngine {
    const e = this.built.get(handle);
    if (!e) throw new HostError('no-engine', 'That engine is no longer at hand; build it again.');
    return e;
  }

  async build(
    model: OpenModel,
    options: Pick<BuildRequest, 'device' | 'threads' | 'shapes' | 'profiles' | 'precision' | 'fastFp32' | 'tuning'>,
    progress: JobProgress,
  ): Promise<BuildResult> {
    if (!model.optimized) throw new HostError('not-optimized', 'The model has not been optimized yet.');
    if (!this.parts.runtime)
      throw new HostError('no-runtime', this.parts.runtimeProblem ?? 'The native runtime is missing.');
    await mkdir(this.cacheDir, { recursive: true });
    const engine = `e${this.next++}`;
    const file = path.join(this.cacheDir, `${path.parse(model.path).name}-${process.pid}-${engine}.sinter`);
    const revision = model.revision;
    const report = await this.parts.build({
      optimized: model.optimized,
      imported: model.imported,
      ...options,
      path: file,
      onProgress: (p) => progress.report(PHASES[p.phase], p.done, p.total, p.note),
      stop: progress.signal,
    });
    const result = buildResult.parse({ engine, revision, report });
    this.built.set(engine, { path: file, result });
    return result;
  }

  async profile(
    handle: string,
    options: { profile?: number; threads: number; warmup: number; iterations: number },
    progress: JobProgress,
  ): Promise<ProfileDocument> {
    return this.parts.profile({
      path: this.get(handle).path,
      ...options,
      onProgress: (phase, done, total) => progress.report(PROFILE_PHASES[phase], done, total),
      stop: progress.signal,
    });
  }

  /** Copies next to the target and renames: a failed export leaves no partial file. */
  async export(handle: string, to: string): Promise<{ bytes: number }> {
    const staged = `${to}.${process.pid}.part`;
    try {
      await copyFile(this.get(handle).path, staged);
      await rename(staged, to);
    } catch (e) {
      await rm(staged, { force: true });
      if (e instanceof HostError) throw e;
      throw new HostError('write', `${to} could not be written: ${e instanceof Error ? e.message : e}.`);
    }
    return { bytes: (await stat(to)).size };
  }
}
