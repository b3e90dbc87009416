import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildEngine } from '../../optimizer/builder/build.ts';
import { hashFile } from '../../optimizer/builder/hashFile.ts';
import { openModel, plainModel } from '../../optimizer/builder/session.ts';
import { isEngineFile } from '../../optimizer/engine/file.ts';
import { decodeEngine } from '../../optimizer/engine/schema.ts';
import { difference, worse } from '../../optimizer/engine/summary.ts';
import type { Tensor } from '../../optimizer/runtime.ts';
import { EXIT, UsageError } from '../exit.ts';
import { gatherInputs } from '../inputs.ts';
import { nonFinite, nonFiniteText } from '../nonFinite.ts';
import { modelOptions, parseCount, parseShapes } from '../options.ts';
import { parseProfile } from '../profiles.ts';
import { Progress } from '../progress.ts';
import { nativeRuntime } from '../runtime.ts';
import { stopSignal } from '../stop.ts';
import { table } from '../table.ts';

interface CompareFlags {
  reference: string;
  tolerance: string;
  input: string[];
  shape: string[];
  profile?: string;
  weights?: string;
  set: string[];
  threads: string;
  seed: string;
  json?: boolean;
}

export async function compare(modelFile: string, engineFile: string, flags: CompareFlags): Promise<number> {
  if (flags.reference !== 'plain' && flags.reference !== 'scalar')
    throw new UsageError(`--reference ${flags.reference}: give plain or scalar`);
  const tolerance = Number(flags.tolerance);
  if (!(tolerance >= 0)) throw new UsageError(`--tolerance ${flags.tolerance}: give a number`);
  if (!isEngineFile(engineFile)) throw new UsageError(`${engineFile} is not a .sinter engine`);
  const threads = parseCount('--threads', flags.threads, 1);
  const shapes = parseShapes(flags.shape);
  const profile = parseProfile(flags.profile);
  const runtime = nativeRuntime();
  const stop = stopSignal();

  const engine = await runtime.loadEngine(engineFile);
  const header = decodeEngine(engine.headerBytes);
  const inputs = gatherInputs(header, flags.input, shapes, parseCount('--seed', flags.seed, 0), profile);
  const context = engine.createContext({ threads, ...(profile === undefined ? {} : { profile }) });
  // On a GPU the first run launches layer by layer and later ones replay a recording: both have to be right.
  const first = await context.run(inputs);
  const again = header.provenance.device === 'cpu' ? [] : [await context.run(inputs), await context.run(inputs)];
  const runs = [first, ...again];

  const dir = mkdtempSync(join(tmpdir(), 'sinter-'));
  const progress = new Progress();
  let want: Record<string, Tensor>;
  let weights: string | undefined;
  try {
    const fixed = Object.fromEntries(Object.entries(inputs).map(([name, t]) => [name, t.shape]));
    const model = await openModel(modelFile, { ...modelOptions(flags), shapes: fixed, stop });
    weights = model.graph.files[0]?.path;
    const path = join(dir, 'plain.sinter');
    await buildEngine(plainModel(model, runtime, stop), {
      runtime,
      threads,
      path,
      stop,
      ...(flags.reference === 'scalar' ? { tactics: (name: string) => name.endsWith('__scalar') } : {}),
      onProgress: (p) => progress.show(p.phase, p.done, p.total, p.note),
    });
    const plain = await runtime.loadEngine(path);
    want = await plain.createContext({ threads }).run(inputs);
  } finally {
    progress.clear();
    rmSync(dir, { recursive: true, force: true });
  }

  const rows = header.outputs.map(({ name }) => {
    const reference = want[name];
    if (!reference) throw new UsageError(`the model has no output "${name}": it is not the engine's model`);
    return { name, ...runs.map((r) => difference(reference, r[name]!)).reduce(worse) };
  });
  const ok = rows.every((r) => r.maxRel <= tolerance && r.mismatched === 0);
  const { modelHash } = header.provenance;
  if (!ok && modelHash !== '' && modelHash !== (await hashFile(weights, stop)))
    process.stderr.write(`sinter: ${engineFile} was built from another file than ${modelFile}\n`);
  if (flags.json) console.log(JSON.stringify({ outputs: rows, tolerance, reference: flags.reference, ok }, null, 2));
  else {
    const cells = rows.map((r) => [
      r.name,
      r.maxAbs.toExponential(2),
      r.maxRel.toExponential(2),
      r.cosine.toFixed(8),
      r.mismatched,
    ]);
    console.log(table(['output', 'max abs', 'max rel', 'cosine', 'NaN or infinite on one side'], cells));
    for (const o of nonFinite(first)) console.log(`the engine's "${o.output}" holds ${nonFiniteText(o)}`);
    console.log(ok ? `equal within ${tolerance}` : `different: the tolerance is ${tolerance}`);
  }
  return ok ? EXIT.ok : EXIT.differs;
}
