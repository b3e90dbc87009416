import { buildEngine } from '../../../optimizer/builder/build.ts';
import { createEvaluator } from '../../../optimizer/builder/evaluator.ts';
import { hashModel } from '../../../optimizer/builder/hashFile.ts';
import { profileEngine } from '../../../optimizer/builder/profileEngine.ts';
import { randomTensor, seededRandom } from '../../../optimizer/builder/randomInputs.ts';
import { parseLevel } from '../../../optimizer/builder/tuning/levels.ts';
import { tacticRules } from '../../../optimizer/builder/tuning/rules.ts';
import { TimingCache } from '../../../optimizer/builder/tuning/timingCache.ts';
import type { Tuning } from '../../../optimizer/builder/tuning/tuner.ts';
import { openUserTimings } from '../../../optimizer/builder/tuning/userTimings.ts';
import { encodeWeight } from '../../../optimizer/builder/weights.ts';
import { dtypeFromNumber } from '../../../optimizer/engine/encode.ts';
import type { EngineMessage } from '../../../optimizer/engine/messages.ts';
import { inputRanges } from '../../../optimizer/engine/profiles.ts';
import { decodeEngine, encodeWeightExpr } from '../../../optimizer/engine/schema.ts';
import { writeOnnx } from '../../../optimizer/exporters/onnx/write.ts';
import { type ImportedModel, importModel } from '../../../optimizer/importers/index.ts';
import type { Graph, WeightFile } from '../../../optimizer/ir/graph.ts';
import type { WeightExpr } from '../../../optimizer/ir/weight.ts';
import { nodeCost } from '../../../optimizer/ops/cost.ts';
import { findOp } from '../../../optimizer/ops/index.ts';
import type { Evaluator } from '../../../optimizer/passes/pass.ts';
import { optimize, pipeline } from '../../../optimizer/passes/pipeline.ts';
import { refusalText } from '../../../optimizer/passes/refusals.ts';
import { graphAt } from '../../../optimizer/passes/trace.ts';
import type { NativeRuntime, Tensor } from '../../../optimizer/runtime.ts';
import { HostError } from '../../ipc/protocol.ts';
import { loadRuntime } from './addon.ts';
import { categoryOf } from './categories.ts';
import type { BuildRequest, Imported, StudioParts } from './parts.ts';

const FORMATS = { onnx: 'ONNX', caffe: 'Caffe', tensorflow: 'TensorFlow' } as const;

function formatText(m: ImportedModel): string {
  const opset = m.opsets[''] === undefined ? '' : `, opset ${m.opsets['']}`;
  const ir = m.irVersion === 0 ? '' : `, IR ${m.irVersion}`;
  const from = m.producer.name === '' ? '' : `, from ${m.producer.name} ${m.producer.version}`.trimEnd();
  return `${FORMATS[m.format]}${opset}${ir}${from}`;
}

const problemsOf = (m: ImportedModel): Imported['problems'] => [
  ...m.warnings.map((text) => ({ severity: 'info' as const, text, sources: [] })),
  // Operators without a definition are counted where the model is listed; these have one and are used in a way it lacks.
  ...m.unsupported
    .filter((u) => findOp(u.domain, u.op) !== undefined)
    .map((u) => ({ severity: 'warning' as const, text: u.reason, sources: [u.source] })),
];

/** Without the native runtime only what stands as literals in the graph can be folded. */
const literalsOnly: Evaluator = { peek: () => null, literal: (w) => (w.kind === 'literal' ? w.value : null) };

function need(runtime: NativeRuntime | null, problem: string | null): NativeRuntime {
  if (!runtime) throw new HostError('no-runtime', problem ?? 'The native runtime is missing.');
  return runtime;
}

/** Seeded random inputs of an engine, of the shapes that kernels were chosen at. */
function randomInputs(header: EngineMessage, profile: number): Record<string, Tensor> {
  const random = seededRandom(1);
  const shapes = inputRanges(header, profile);
  return Object.fromEntries(
    header.inputs.map(({ name, value }, i) => [
      name,
      randomTensor(dtypeFromNumber(header.values[value]!.dtype), shapes[i]!.opt, random),
    ]),
  );
}

/** The timing cache that was chosen. Throws TimingCacheError when its file is something else. */
function timingsOf(chosen: BuildRequest['tuning']['timings']): TimingCache {
  if (chosen === 'none') return TimingCache.inMemory();
  return chosen === 'shared' ? openUserTimings() : TimingCache.open(chosen.file);
}

/** How kernels are timed; not at all at level 0. */
function tuningOf({ level: given, timings, deterministic }: BuildRequest['tuning']): { tuning?: Tuning } {
  const level = parseLevel(String(given));
  return level ? { tuning: { level, cache: timingsOf(timings), deterministic } } : {};
}

/** The optimizer and the native runtime of this installation. */
export function realParts(): StudioParts {
  const { runtime, problem } = loadRuntime();
  const evaluate = (w: WeightExpr, files: readonly WeightFile[]): Promise<Uint8Array> =>
    need(runtime, problem).evaluateWeight(
      encodeWeightExpr(encodeWeight(w)),
      files.map((f) => f.path),
    );
  const evaluators = new WeakMap<Graph, Evaluator>();
  const evaluatorFor = (graph: Graph): Evaluator => {
    if (!runtime) return literalsOnly;
    let e = evaluators.get(graph);
    // Kept per model: what was folded once is not computed again when a switch changes.
    if (!e) evaluators.set(graph, (e = createEvaluator(runtime, graph.files)));
    return e;
  };
  return {
    runtime,
    runtimeProblem: problem,
    passes: pipeline,
    importModel: async (path, onProgress, stop, given) => {
      const hash = hashModel(path, stop);
      hash.catch(() => undefined);
      const model = await importModel(path, {
        stop,
        ...(given?.weights === undefined ? {} : { weights: given.weights }),
        ...(given?.shapes === undefined ? {} : { shapes: given.shapes }),
        onProgress: (_phase, done, total) => onProgress(done, total),
      });
      return { graph: model.graph, format: formatText(model), hash: await hash, problems: problemsOf(model) };
    },
    optimize: (imported, options) => optimize(imported.graph, evaluatorFor(imported.graph), options),
    graphAt,
    refusalText: (r) => refusalText(r.code, r.args),
    category: categoryOf,
    isSupported: (n) => n.body !== undefined || findOp(n.domain, n.op) !== undefined,
    cost: (graph, node) => nodeCost(graph, node),
    build: (r) =>
      buildEngine(r.optimized, {
        runtime: need(runtime, problem),
        device: r.device,
        threads: r.threads,
        path: r.path,
        profiles:
          r.profiles && r.profiles.length > 0
            ? r.profiles
            : [Object.fromEntries(Object.entries(r.shapes).map(([s, n]) => [s, { min: n, opt: n, max: n }]))],
        ...(r.precision ? { precision: r.precision } : {}),
        fastFp32: r.fastFp32,
        ...tuningOf(r.tuning),
        auxStreams: r.tuning.auxStreams ?? 'measured',
        // Kept in the project while the device is another one.
        libraries: new Set(r.device === 'cpu' ? [] : r.tuning.libraries),
        rules: tacticRules(r.optimized.graph, r.tuning),
        onProgress: r.onProgress,
        stop: r.stop,
      }),
    profile: async (r) => {
      const engine = await need(runtime, problem).loadEngine(r.path);
      try {
        const inputs = randomInputs(decodeEngine(engine.headerBytes), r.profile ?? 0);
        return await profileEngine({ ...r, runtime: need(runtime, problem), engine, inputs });
      } finally {
        engine.dispose();
      }
    },
    writeOnnx: async (graph, path, onProgress, stop) => {
      await writeOnnx(graph, path, { evaluateWeight: (w) => evaluate(w, graph.files), onProgress, stop });
    },
    evaluateWeight: (w, graph) => (w.kind === 'literal' ? Promise.resolve(w.value.bytes) : evaluate(w, graph.files)),
  };
}
