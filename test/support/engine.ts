import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildEngine } from '../../optimizer/builder/build.ts';
import { optimizeModel, withoutPasses } from '../../optimizer/builder/session.ts';
import type { ImportedModel } from '../../optimizer/importers/index.ts';
import type { Tensor } from '../../optimizer/runtime.ts';
import { testRuntime } from '../networks/check.ts';

/** Builds an engine from an imported model, with the passes or without any, and runs it once. */
export async function runModel(
  model: ImportedModel,
  inputs: Readonly<Record<string, Tensor>>,
  passes = true,
): Promise<Record<string, Tensor>> {
  const runtime = testRuntime();
  const dir = mkdtempSync(join(tmpdir(), 'sinter-run-'));
  try {
    const path = join(dir, 'model.sinter');
    await buildEngine(passes ? optimizeModel(model, runtime) : withoutPasses(model), { runtime, threads: 1, path });
    const engine = await runtime.loadEngine(path);
    const context = engine.createContext({ threads: 1 });
    try {
      return await context.run({ ...inputs });
    } finally {
      context.dispose();
      engine.dispose();
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
