import { buildEngine, isFastFp32 } from '../../optimizer/builder/build.ts';
import { fallbackSum } from '../../optimizer/builder/fallback.ts';
import type { LibraryShare } from '../../optimizer/builder/libraries.ts';
import { openModel, optimizeModel } from '../../optimizer/builder/session.ts';
import { tacticRules } from '../../optimizer/builder/tuning/rules.ts';
import { EXIT } from '../exit.ts';
import { modelOptions, parseCount, parsePairs, parseSwitches, type SwitchFlags } from '../options.ts';
import { choiceLines, choosePrecision, type PrecisionFlags } from '../precision.ts';
import type { ProfileFlag } from '../profileFlags.ts';
import { parseProfiles } from '../profiles.ts';
import { Progress } from '../progress.ts';
import { nativeRuntime } from '../runtime.ts';
import { stopSignal } from '../stop.ts';
import { bytesText, plural } from '../table.ts';
import { parseNormalizations, parseSources, parseStreams, parseTuning, type TuningFlags } from '../tuning.ts';

interface BuildFlags extends PrecisionFlags, TuningFlags, SwitchFlags {
  output: string;
  device: string;
  threads: string;
  shape: string[];
  weights?: string;
  set: string[];
  /** Of all profile options, in command line order. */
  range: ProfileFlag[];
  fastFp32?: boolean;
  pinTactic: string[];
  forbidTactic: string[];
  json?: boolean;
}

export async function build(file: string, flags: BuildFlags): Promise<number> {
  const runtime = nativeRuntime();
  const stop = stopSignal();
  const progress = new Progress();
  const threads = parseCount('--threads', flags.threads, 1);
  const tuning = parseTuning(flags);
  const auxStreams = parseStreams(flags);
  const normalizations = parseNormalizations(flags);
  const libraries = parseSources(flags);
  const model = await openModel(file, { ...modelOptions(flags), stop });
  const optimized = optimizeModel(model, runtime, {
    ...parseSwitches(flags),
    stop,
    onProgress: (done, total, pass) => progress.show('optimize', done, total, pass),
  });
  const profiles = parseProfiles(flags.range, optimized.graph);
  const { device } = flags;
  const build = {
    ...(tuning ? { tuning } : {}),
    rules: tacticRules(optimized.graph, {
      pin: parsePairs('--pin-tactic', flags.pinTactic),
      forbid: flags.forbidTactic,
    }),
    fastFp32: flags.fastFp32 === true,
    libraries,
  };
  const { policy, choice, budget } = await choosePrecision(optimized, flags, {
    runtime,
    device,
    threads,
    sizes: profiles[0]!,
    build,
    stop,
    progress,
  });
  const report = await buildEngine(optimized, {
    runtime,
    device,
    threads,
    path: flags.output,
    profiles,
    ...(policy ? { precision: policy } : {}),
    ...build,
    auxStreams,
    // CPUs have but the reference for products that normalize.
    ...(normalizations && device !== 'cpu' ? { normalizations } : {}),
    stop,
    onProgress: (p) => progress.show(p.phase, p.done, p.total, p.note),
  });
  progress.clear();
  if (flags.json) {
    const chosen = choice ? { precision: { kept: choice.kept, pins: choice.pins, score: choice.score } } : {};
    console.log(JSON.stringify({ ...report, ...chosen }, null, 2));
  } else {
    const refused = optimized.trace.passes.reduce((n, p) => n + p.refusals.length, 0);
    console.log(
      `${plural(report.operators, 'operator')} → ${plural(report.layers.length, 'layer')}, ${plural(refused, 'fusion')} refused`,
    );
    if (choice && budget) for (const line of choiceLines(choice, budget)) console.log(line);
    const stored = storedText(report.layers);
    if (stored) console.log(stored);
    for (const o of report.overflows)
      console.log(
        `${o.kind} "${o.tensor}" of ${o.layer} reaches ${o.magnitude.toPrecision(4)}, beyond float16: not stored so`,
      );
    const fast = report.layers.filter((l) => isFastFp32(l.tactic)).length;
    if (fast > 0)
      console.log(`${fast} layers multiply FP32 ${device === 'cpu' ? 'in three bfloat16 parts' : 'as TF32'}`);
    const there = fallbackSum(report.layers);
    if (there)
      console.log(
        `${there.layers} ${there.layers === 1 ? 'layer runs' : 'layers run'} on the CPU: ${there.copies} copies, ${bytesText(there.bytes)}`,
      );
    if (report.tuning) {
      const { timed, cached, failed, level } = report.tuning;
      const failures = failed > 0 ? `, ${failed} failed` : '';
      console.log(`level ${level}: ${timed} tactics timed, ${cached} known from the timing cache${failures}`);
    }
    for (const l of report.libraries) console.log(libraryText(l));
    if (report.profiles.length > 1) {
      report.profiles.forEach((p, i) => {
        const ranges = Object.entries(p.ranges).map(([s, r]) => `${s} ${r.min}…${r.opt}…${r.max}`);
        console.log(`profile ${i}: ${ranges.join(', ')}: ${p.layers} layers, activations ${bytesText(p.arena)}`);
      });
    }
    const { streams } = report;
    const compared = streams.times
      ? `: ${(streams.times.all / 1e6).toFixed(3)} ms on several streams, ${(streams.times.one / 1e6).toFixed(3)} on one`
      : '';
    if (streams.used > 1) console.log(`${streams.moved} layers on ${streams.used - 1} auxiliary streams${compared}`);
    else if (streams.times) console.log(`one stream${compared}`);
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

/** What a library runs, or would save. */
function libraryText(l: LibraryShare): string {
  const layers = `${l.layers} ${l.layers === 1 ? 'layer' : 'layers'}`;
  if (l.allowed) return `${l.name} ${l.version} runs ${layers}: the engine needs it`;
  if (l.layers === 0) return `${l.name} ${l.version} would be faster nowhere`;
  const saves = (l.saves / 1000).toFixed(1);
  return `${l.name} ${l.version} (not allowed) would save ${saves} µs in ${layers}, each measured alone`;
}

/** "12 layers in INT8, 3 in BF16", of those that are not stored as the model has them. */
function storedText(layers: readonly { readonly stored: string }[]): string {
  const title: Record<string, string> = { int8: 'INT8', uint8: 'UINT8', float16: 'FP16', bfloat16: 'BF16' };
  return Object.entries(title)
    .map(([stored, name]) => [layers.filter((l) => l.stored === stored).length, name] as const)
    .filter(([n]) => n > 0)
    .map(([n, name], i) => (i === 0 ? `${n} ${n === 1 ? 'layer' : 'layers'} in ${name}` : `${n} in ${name}`))
    .join(', ');
}
