import { statSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { hashFile } from '../../optimizer/builder/hashFile.ts';
import { profileEngine } from '../../optimizer/builder/profileEngine.ts';
import { reportPasses } from '../../optimizer/builder/reportPasses.ts';
import { layerShares, layerShareText } from '../../optimizer/engine/profile/compare/shares.ts';
import {
  layerSum,
  onHost,
  type ProfileDocument,
  type ProfileLayer,
  throughput,
} from '../../optimizer/engine/profile/document.ts';
import { chromeTrace, profileCsv } from '../../optimizer/engine/profile/exports.ts';
import { isProfileFile, readProfileFile, writeProfileFile } from '../../optimizer/engine/profile/file.ts';
import { decodeEngine } from '../../optimizer/engine/schema.ts';
import { htmlReport } from '../../optimizer/exporters/html/report.ts';
import { pipeline } from '../../optimizer/passes/pipeline.ts';
import { refusalText } from '../../optimizer/passes/refusals.ts';
import type { LoadedEngine, Tensor } from '../../optimizer/runtime.ts';
import { compareProfiles, comparisonText, type NamedProfile } from '../compareProfiles.ts';
import { type EngineSource, withEngine } from '../engineSource.ts';
import { EXIT, UsageError } from '../exit.ts';
import { gatherInputs } from '../inputs.ts';
import { nonFinite, nonFiniteText } from '../nonFinite.ts';
import { parseCount, parseShapes } from '../options.ts';
import { parseProfile } from '../profiles.ts';
import { Progress } from '../progress.ts';
import { nativeRuntime } from '../runtime.ts';
import { stopSignal } from '../stop.ts';
import { bytesText, microseconds, rateText, table } from '../table.ts';

interface ProfileFlags {
  input: string[];
  shape: string[];
  profile?: string;
  weights?: string;
  threads: string;
  iterations: string;
  warmup: string;
  top: string;
  seed: string;
  save?: string;
  exportTrace?: string;
  csv?: string;
  report?: string;
  compare: string[];
  json?: boolean;
}

/** Profiles an engine or a model, or prints a profile saved earlier; writes what was asked for. */
export async function profile(file: string, flags: ProfileFlags): Promise<number> {
  const top = parseCount('--top', flags.top, 0);
  if (flags.compare.length > MOST_COMPARED - 1)
    throw new UsageError(`--compare: at most ${MOST_COMPARED} profiles are set side by side`);
  const { document, source } = await profileOf(file, flags);
  const others: NamedProfile[] = [];
  for (const other of flags.compare)
    others.push({ name: nameOf(other), document: (await profileOf(other, flags)).document });
  if (flags.save !== undefined) writeProfileFile(flags.save, document);
  if (flags.exportTrace !== undefined) writeFileSync(flags.exportTrace, chromeTrace(document));
  if (flags.csv !== undefined) writeFileSync(flags.csv, profileCsv(document));
  if (flags.report !== undefined) writeFileSync(flags.report, await report(document, source));
  // What it is compared with comes first, as in the studio: the others are faster or slower than that.
  const compared = [...others, { name: nameOf(file), document }];
  if (flags.json) {
    const comparison = others.length > 0 ? { comparison: compareProfiles(compared) } : {};
    console.log(JSON.stringify({ ...document, ...comparison }, null, 2));
  } else if (others.length > 0) console.log(comparisonText(compared, top));
  else print(document, top);
  return EXIT.ok;
}

const nameOf = (file: string): string => basename(file).replace(/\.(sinterprofile|sinter)$/, '');
/** As many as the studio shows side by side. */
const MOST_COMPARED = 4;

async function profileOf(file: string, flags: ProfileFlags): Promise<Measured> {
  return isProfileFile(file) ? { document: readProfileFile(file), source: undefined } : await measure(file, flags);
}

interface Measured {
  readonly document: ProfileDocument;
  readonly source: EngineSource | undefined;
}

/** The page about a profile; of a model that was built on the spot it also tells what the passes did. */
async function report(profile: ProfileDocument, source: EngineSource | undefined): Promise<string> {
  const file = source?.model.path;
  return htmlReport({
    model: source
      ? {
          name: basename(source.model.path),
          format: source.model.format.toUpperCase(),
          hash: await hashFile(file, stopSignal()),
          bytes: statSync(source.model.path).size,
          operators: source.model.graph.nodeCount,
        }
      : null,
    passes: source ? reportPasses(source.optimized.trace, pipeline, (r) => refusalText(r.code, r.args)) : [],
    profile,
    command: null,
    producer: profile.producer,
    written: new Date(),
  });
}

async function measure(file: string, flags: ProfileFlags): Promise<Measured> {
  const threads = parseCount('--threads', flags.threads, 1);
  const iterations = parseCount('--iterations', flags.iterations, 1);
  const warmup = parseCount('--warmup', flags.warmup, 0);
  const shapes = parseShapes(flags.shape);
  const profile = parseProfile(flags.profile);
  return withEngine(file, { threads, shapes, weights: flags.weights }, async (path, source) => {
    const runtime = nativeRuntime();
    const engine = await runtime.loadEngine(path);
    const progress = new Progress();
    try {
      const header = decodeEngine(engine.headerBytes);
      const inputs = gatherInputs(header, flags.input, shapes, parseCount('--seed', flags.seed, 0), profile);
      await warnNonFinite(engine, inputs, threads, profile);
      const onProgress = (phase: string, done: number, total: number): void => progress.show(phase, done, total);
      const document = await profileEngine({
        runtime,
        engine,
        inputs,
        threads,
        ...(profile === undefined ? {} : { profile }),
        warmup,
        iterations,
        onProgress,
        stop: stopSignal(),
      });
      return { document, source };
    } finally {
      progress.clear();
      engine.dispose();
    }
  });
}

/** A profile of infinities tells little: they usually mean that numbers were too large for FP16. */
async function warnNonFinite(
  engine: LoadedEngine,
  inputs: Readonly<Record<string, Tensor>>,
  threads: number,
  profile: number | undefined,
): Promise<void> {
  const context = engine.createContext({ threads, ...(profile === undefined ? {} : { profile }) });
  try {
    for (const o of nonFinite(await context.run(inputs)))
      process.stderr.write(
        `sinter: output "${o.output}" holds ${nonFiniteText(o)}: too large for FP16, or a fault of the model\n`,
      );
  } finally {
    context.dispose();
  }
}

function print(d: ProfileDocument, top: number): void {
  const ms = (ns: number): string => `${(ns / 1e6).toFixed(3)} ms`;
  const l = d.latency;
  console.log(
    `${d.engine.name} on ${d.device.name}, ${d.device.kind === 'cpu' ? `${d.threads} ${d.threads === 1 ? 'thread' : 'threads'}, ` : ''}${d.samples.length} runs${d.engine.profile ? `, profile ${d.engine.profile.index}` : ''}`,
  );
  console.log(
    `latency  median ${ms(l.median)}  mean ${ms(l.mean)}  p90 ${ms(l.p90)}  p95 ${ms(l.p95)}  p99 ${ms(l.p99)}  min ${ms(l.min)}`,
  );
  console.log(`${throughput(d).toFixed(1)} runs/s; layers one by one ${ms(layerSum(d))}`);
  if (d.layerTimes !== undefined && d.layerTimes !== 'events')
    console.log(`layer times: kernels of whole runs, traced by ${d.layerTimes}`);
  const { arena, lowerBound } = d.memory;
  console.log(`activations ${bytesText(arena)}, at least ${bytesText(lowerBound)} alive at once`);
  if (d.ceilings) console.log(`ceilings ${ceilingText(d)}`);
  for (const s of layerShares(d)) console.log(`${s.title}: ${layerShareText(s)}`);
  const there = onHost(d);
  if (there.length > 0) {
    const ns = layerSum({ layers: there });
    console.log(
      `${there.length} ${there.length === 1 ? 'layer runs' : 'layers run'} on the CPU: ${microseconds(ns)} µs, copies included`,
    );
  }
  const conversions = d.layers.filter((x) => x.conversion);
  if (conversions.length > 0) {
    const ns = conversions.reduce((s, x) => s + x.median, 0);
    console.log(`${conversions.length} reformats take ${microseconds(ns)} µs, ${percent(ns / layerSum(d))}`);
  }
  console.log('');
  const sorted = d.layers.toSorted((a, b) => b.median - a.median);
  const shown = top === 0 ? sorted : sorted.slice(0, top);
  console.log(
    table(
      HEAD,
      shown.map((x) => row(x, layerSum(d))),
    ),
  );
  if (shown.length < sorted.length) console.log(`… and ${sorted.length - shown.length} more (--top 0 prints all)`);
}

export const ceilingText = (d: Pick<ProfileDocument, 'ceilings'>): string =>
  [
    ...(d.ceilings?.flops ?? []).map((f) => `${f.dtype} ${rateText(f.rate, 'OP/s')}`),
    `copy ${rateText(d.ceilings?.bandwidth ?? 0, 'B/s')}`,
  ].join(', ');

const HEAD = ['#', 'layer', 'tactic', 'µs', 'share', 'GFLOP/s', 'GB/s', 'operators'];
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

function row(x: ProfileLayer, sum: number): (string | number)[] {
  const rate = (amount: number): string => (x.median > 0 ? (amount / x.median).toFixed(1) : '0.0');
  return [
    x.layer,
    x.name,
    x.tactic,
    microseconds(x.median),
    percent(sum > 0 ? x.median / sum : 0),
    rate(x.flops),
    rate(x.bytes),
    x.sources.length,
  ];
}
