import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeNpy } from '../../optimizer/calibration/data/npy.ts';
import { decodeEngine } from '../../optimizer/engine/schema.ts';
import { summarize } from '../../optimizer/engine/summary.ts';
import { withEngine } from '../engineSource.ts';
import { EXIT } from '../exit.ts';
import { gatherInputs } from '../inputs.ts';
import { parseCount, parseShapes } from '../options.ts';
import { parseProfile } from '../profiles.ts';
import { nativeRuntime } from '../runtime.ts';

interface RunFlags {
  input: string[];
  outputDir?: string;
  shape: string[];
  profile?: string;
  weights?: string;
  threads: string;
  seed: string;
  json?: boolean;
}

/** NAME.npy, with what a file name cannot hold replaced by "_". */
export const outputFileName = (name: string): string => `${name.replace(/[^A-Za-z0-9._-]/g, '_') || '_'}.npy`;

export async function run(file: string, flags: RunFlags): Promise<number> {
  const threads = parseCount('--threads', flags.threads, 1);
  const shapes = parseShapes(flags.shape);
  const profile = parseProfile(flags.profile);
  return withEngine(file, { threads, shapes, weights: flags.weights }, async (path) => {
    const engine = await nativeRuntime().loadEngine(path);
    const header = decodeEngine(engine.headerBytes);
    const inputs = gatherInputs(header, flags.input, shapes, parseCount('--seed', flags.seed, 0), profile);
    const context = engine.createContext({ threads, ...(profile === undefined ? {} : { profile }) });
    const outputs = await context.run(inputs);
    const rows = header.outputs.map(({ name }) => {
      const tensor = outputs[name]!;
      if (flags.outputDir !== undefined) {
        mkdirSync(flags.outputDir, { recursive: true });
        writeNpy(join(flags.outputDir, outputFileName(name)), tensor);
      }
      return { name, dtype: tensor.dtype, shape: tensor.shape, ...summarize(tensor) };
    });
    if (flags.json) console.log(JSON.stringify({ outputs: rows }, null, 2));
    else
      for (const r of rows)
        console.log(`${r.name}  ${r.dtype} ${r.shape.join('×')}  min ${r.min}  max ${r.max}  mean ${r.mean}`);
    context.dispose();
    engine.dispose();
    return EXIT.ok;
  });
}
