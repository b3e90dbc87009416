import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildEngine } from '../optimizer/builder/build.ts';
import { openModel, optimizeModel } from '../optimizer/builder/session.ts';
import { isEngineFile } from '../optimizer/engine/file.ts';
import type { ImportedModel } from '../optimizer/importers/index.ts';
import type { Optimized } from '../optimizer/passes/pass.ts';
import { Progress } from './progress.ts';
import { nativeRuntime } from './runtime.ts';
import { stopSignal } from './stop.ts';
import { defaultTuning } from './tuning.ts';

/** What an engine built on the spot was made from. */
export interface EngineSource {
  readonly model: ImportedModel;
  readonly optimized: Optimized;
}

/**
 * Calls `use` with the path of an engine: the given file when it is one, else a temporary engine built from the model.
 */
export async function withEngine<T>(
  file: string,
  options: { threads: number; shapes: Record<string, number[]>; weights?: string | undefined },
  use: (enginePath: string, source?: EngineSource) => Promise<T>,
): Promise<T> {
  if (isEngineFile(file)) return use(file);
  const runtime = nativeRuntime();
  const progress = new Progress();
  const dir = mkdtempSync(join(tmpdir(), 'sinter-'));
  try {
    const stop = stopSignal();
    const model = await openModel(file, {
      shapes: options.shapes,
      ...(options.weights === undefined ? {} : { weights: options.weights }),
      stop,
    });
    const optimized = optimizeModel(model, runtime, {
      stop,
      onProgress: (d, t, pass) => progress.show('optimize', d, t, pass),
    });
    const path = join(dir, 'model.sinter');
    await buildEngine(optimized, {
      runtime,
      threads: options.threads,
      path,
      stop,
      tuning: defaultTuning(),
      onProgress: (p) => progress.show(p.phase, p.done, p.total, p.note),
    });
    progress.clear();
    return await use(path, { model, optimized });
  } finally {
    progress.clear();
    rmSync(dir, { recursive: true, force: true });
  }
}
