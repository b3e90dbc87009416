import { writeFileSync } from 'node:fs';
import { openModel, optimizeModel } from '../../optimizer/builder/session.ts';
import { encodeWeight } from '../../optimizer/builder/weights.ts';
import { encodeWeightExpr } from '../../optimizer/engine/schema.ts';
import { writeOnnx } from '../../optimizer/exporters/onnx/write.ts';
import type { Trace } from '../../optimizer/passes/pass.ts';
import { pipeline } from '../../optimizer/passes/pipeline.ts';
import { refusalText } from '../../optimizer/passes/refusals.ts';
import { EXIT, UsageError } from '../exit.ts';
import { modelOptions, parseSwitches, type SwitchFlags } from '../options.ts';
import { Progress } from '../progress.ts';
import { nativeRuntime } from '../runtime.ts';
import { stopSignal } from '../stop.ts';
import { countText } from '../table.ts';

interface OptimizeFlags extends SwitchFlags {
  trace?: string;
  output?: string;
  refusals?: boolean;
  shape: string[];
  weights?: string;
  set: string[];
  json?: boolean;
}

export async function optimize(file: string, flags: OptimizeFlags): Promise<number> {
  const names = new Set(pipeline.map((p) => p.name));
  const unknown = flags.disable.find((name) => !names.has(name));
  if (unknown !== undefined) throw new UsageError(`there is no pass "${unknown}"; passes are ${[...names].join(', ')}`);
  const runtime = nativeRuntime();
  const stop = stopSignal();
  const progress = new Progress();
  const model = await openModel(file, { ...modelOptions(flags), stop });
  const result = optimizeModel(model, runtime, {
    ...parseSwitches(flags),
    stop,
    onProgress: (done, total, pass) => progress.show('optimize', done, total, pass),
  });
  progress.clear();
  const plain = traceJson(result.trace);
  if (flags.trace !== undefined) writeFileSync(flags.trace, `${JSON.stringify(plain, null, 2)}\n`);
  if (flags.output !== undefined) {
    const files = result.graph.files.map((f) => f.path);
    await writeOnnx(result.graph, flags.output, {
      evaluateWeight: (w) => runtime.evaluateWeight(encodeWeightExpr(encodeWeight(w)), files),
    });
  }
  if (flags.json) console.log(JSON.stringify(plain, null, 2));
  else print(result.trace, flags);
  return EXIT.ok;
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
