import { buildEngine } from '../../optimizer/builder/build.ts';
import { openModel, optimizeModel } from '../../optimizer/builder/session.ts';
import { EXIT } from '../exit.ts';
import { parseCount, parseRanges, parseShapes } from '../options.ts';
import { Progress } from '../progress.ts';
import { nativeRuntime } from '../runtime.ts';
import { stopSignal } from '../stop.ts';
import { bytesText } from '../table.ts';

interface BuildFlags {
  output: string;
  device: string;
  threads: string;
  shape: string[];
  range: string[];
  disable: string[];
  json?: boolean;
}

export async function build(file: string, flags: BuildFlags): Promise<number> {
  const runtime = nativeRuntime();
  const stop = stopSignal();
  const progress = new Progress();
  const threads = parseCount('--threads', flags.threads, 1);
  const model = await openModel(file, { shapes: parseShapes(flags.shape), stop });
  const optimized = optimizeModel(model, runtime, {
    disabledPasses: new Set(flags.disable),
    stop,
    onProgress: (done, total, pass) => progress.show('optimize', done, total, pass),
  });
  const report = await buildEngine(optimized, {
    runtime,
    device: flags.device,
    threads,
    path: flags.output,
    ranges: parseRanges(flags.range),
    stop,
    onProgress: (p) => progress.show(p.phase, p.done, p.total, p.note),
  });
  progress.clear();
  if (flags.json) console.log(JSON.stringify(report, null, 2));
  else {
    const refused = optimized.trace.passes.reduce((n, p) => n + p.refusals.length, 0);
    console.log(`${report.operators} operators → ${report.layers.length} layers, ${refused} fusions refused`);
    const reuse = report.memory.withoutReuse > 0 ? ` (${bytesText(report.memory.withoutReuse)} without reuse)` : '';
    console.log(
      `activations ${bytesText(report.memory.arena)}${reuse}, weights ${bytesText(report.engine.weightBytes)}`,
    );
    console.log(
      `${flags.output}: ${bytesText(report.engine.bytes)} in ${(report.milliseconds.total / 1000).toFixed(2)} s`,
    );
  }
  return EXIT.ok;
}
