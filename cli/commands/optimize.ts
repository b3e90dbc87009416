import { writeFileSync } from 'node:fs';
import { hashFile } from '../../optimizer/builder/hashFile.ts';
import { withQuantization } from '../../optimizer/builder/quantized.ts';
import { openModel, optimizeModel } from '../../optimizer/builder/session.ts';
import { encodeWeight } from '../../optimizer/builder/weights.ts';
import { readRanges } from '../../optimizer/calibration/cache/file.ts';
import { Ranges } from '../../optimizer/calibration/rangeTable.ts';
import { encodeWeightExpr } from '../../optimizer/engine/schema.ts';
import { writeOnnx } from '../../optimizer/exporters/onnx/write.ts';
import type { Graph } from '../../optimizer/ir/graph.ts';
import type { Optimized, Trace } from '../../optimizer/passes/pass.ts';
import { refusalText } from '../../optimizer/passes/refusals.ts';
import { EXIT, UsageError } from '../exit.ts';
import { modelOptions, parseSwitches, type SwitchFlags } from '../options.ts';
import { parsePins } from '../precision.ts';
import { Progress } from '../progress.ts';
import { nativeRuntime } from '../runtime.ts';
import { stopSignal } from '../stop.ts';
import { countText } from '../table.ts';

interface OptimizeFlags extends SwitchFlags {
  trace?: string;
  output?: string;
  refusals?: boolean;
  qdq?: boolean;
  calibration?: string;
  activationType: string;
  pin: string[];
  shape: string[];
  weights?: string;
  set: string[];
  json?: boolean;
}

export async function optimize(file: string, flags: OptimizeFlags): Promise<number> {
  const switches = parseSwitches(flags);
  checkQdq(flags);
  const runtime = nativeRuntime();
  const stop = stopSignal();
  const progress = new Progress();
  const model = await openModel(file, { ...modelOptions(flags), stop });
  const result = optimizeModel(model, runtime, {
    ...switches,
    stop,
    onProgress: (done, total, pass) => progress.show('optimize', done, total, pass),
  });
  progress.clear();
  const plain = traceJson(result.trace);
  if (flags.trace !== undefined) writeFileSync(flags.trace, `${JSON.stringify(plain, null, 2)}\n`);
  if (flags.output !== undefined) {
    const files = result.graph.files.map((f) => f.path);
    const graph = flags.qdq ? await quantized(result, flags) : result.graph;
    await writeOnnx(graph, flags.output, {
      evaluateWeight: (w) => runtime.evaluateWeight(encodeWeightExpr(encodeWeight(w)), files),
    });
  }
  if (flags.json) console.log(JSON.stringify(plain, null, 2));
  else print(result.trace, flags);
  return EXIT.ok;
}

function checkQdq(flags: OptimizeFlags): void {
  if (!flags.qdq) {
    if (flags.calibration !== undefined) throw new UsageError('--calibration is for --qdq');
    return;
  }
  if (flags.output === undefined) throw new UsageError('--qdq writes a model: give -o FILE');
  if (flags.calibration === undefined) {
    throw new UsageError('--qdq needs --calibration FILE; `sinter calibrate` makes one from sample data');
  }
  if (flags.activationType !== 'int8' && flags.activationType !== 'uint8') {
    throw new UsageError(`--activation-type ${flags.activationType}: give int8 or uint8`);
  }
}

/** The graph with Q/DQ, with the scales that the engine would use; anything that is pinned stays in floating point. */
async function quantized(result: Optimized, flags: OptimizeFlags): Promise<Graph> {
  const hash = await hashFile(result.graph.files[0]?.path, stopSignal());
  const ranges = new Ranges(readRanges(flags.calibration!, hash));
  return withQuantization(result.graph, ranges, parsePins(flags.pin), flags.activationType as 'int8' | 'uint8');
}

/** The trace without graph deltas: what a script wants to know. */
function traceJson(trace: Trace) {
  return {
    before: trace.before,
    passes: trace.passes.map((p) => ({
      pass: p.pass,
      title: p.title,
      run: p.run,
      disabled: p.disabled,
      milliseconds: p.milliseconds,
      after: p.after,
      applications: p.applications.map((a) => ({ key: a.key, rule: a.rule, note: a.note, sources: a.sources })),
      refusals: p.refusals.map((r) => ({
        rule: r.rule,
        code: r.code,
        reason: refusalText(r.code, r.args),
        sources: r.sources,
      })),
    })),
    stale: trace.stale,
  };
}

function print(trace: Trace, flags: OptimizeFlags): void {
  console.log(`imported: ${trace.before.nodes} operators, ${countText(trace.before.flops)}FLOP`);
  for (const p of trace.passes) {
    const what = p.disabled ? 'switched off' : `${p.applications.length} made, ${p.refusals.length} refused`;
    console.log(
      `\n${p.title}${p.run > 1 ? ` (run ${p.run})` : ''}: ${what} → ${p.after.nodes} nodes, ${p.after.launches} launches`,
    );
    for (const a of p.applications) console.log(`  + ${a.note || a.rule}  [${a.sources.join(' ')}]  ${a.key}`);
    if (flags.refusals)
      for (const r of p.refusals)
        console.log(`  - ${r.rule}  [${r.sources.join(' ')}]: ${refusalText(r.code, r.args)}`);
  }
  for (const key of trace.stale) console.log(`stale: nothing matches the switched-off fusion ${key} any more`);
  if (flags.output !== undefined) console.log(`\nwritten: ${flags.output}`);
}
