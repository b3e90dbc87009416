import { type ProfileReport, profileReport } from '../../optimizer/engine/profileReport.ts';
import { decodeEngine } from '../../optimizer/engine/schema.ts';
import { withEngine } from '../engineSource.ts';
import { EXIT } from '../exit.ts';
import { gatherInputs } from '../inputs.ts';
import { parseCount, parseShapes } from '../options.ts';
import { Progress } from '../progress.ts';
import { nativeRuntime } from '../runtime.ts';
import { stopSignal } from '../stop.ts';
import { microseconds, table } from '../table.ts';

interface ProfileFlags {
  input: string[];
  shape: string[];
  threads: string;
  iterations: string;
  warmup: string;
  top: string;
  seed: string;
  json?: boolean;
}

export async function profile(file: string, flags: ProfileFlags): Promise<number> {
  const threads = parseCount('--threads', flags.threads, 1);
  const iterations = parseCount('--iterations', flags.iterations, 1);
  const warmup = parseCount('--warmup', flags.warmup, 0);
  const top = parseCount('--top', flags.top, 0);
  const shapes = parseShapes(flags.shape);
  return withEngine(file, { threads, shapes }, async (path) => {
    const engine = await nativeRuntime().loadEngine(path);
    const header = decodeEngine(engine.headerBytes);
    const inputs = gatherInputs(header, flags.input, shapes, parseCount('--seed', flags.seed, 0));
    const context = engine.createContext({ threads });
    const progress = new Progress();
    const measured = await context.profile(
      inputs,
      { warmup, iterations },
      (p) => progress.show('profile', p.done, p.total),
      stopSignal(),
    );
    progress.clear();
    context.dispose();
    engine.dispose();
    const report = profileReport(header, measured, threads);
    if (flags.json) console.log(JSON.stringify(report, null, 2));
    else print(report, top);
    return EXIT.ok;
  });
}

function print(r: ProfileReport, top: number): void {
  const ms = (ns: number): string => `${(ns / 1e6).toFixed(3)} ms`;
  const l = r.latency;
  console.log(`${r.engine}, ${r.threads} ${r.threads === 1 ? 'thread' : 'threads'}, ${r.iterations} runs`);
  console.log(
    `latency  median ${ms(l.median)}  mean ${ms(l.mean)}  p90 ${ms(l.p90)}  p95 ${ms(l.p95)}  p99 ${ms(l.p99)}  min ${ms(l.min)}`,
  );
  console.log(`${r.throughput.toFixed(1)} runs/s; layers one by one ${ms(r.layerSum)}\n`);
  const sorted = [...r.layers].sort((a, b) => b.median - a.median);
  const shown = top === 0 ? sorted : sorted.slice(0, top);
  const rows = shown.map((x) => [
    x.index,
    x.name,
    x.tactic,
    microseconds(x.median),
    `${(x.share * 100).toFixed(1)} %`,
    x.sources.length,
  ]);
  console.log(table(['#', 'layer', 'tactic', 'µs', 'share', 'operators'], rows));
  if (shown.length < sorted.length) console.log(`… and ${sorted.length - shown.length} more (--top 0 prints all)`);
}
