import { measureAccuracy } from '../../../../optimizer/builder/accuracy.ts';
import { feedOf } from '../../../../optimizer/builder/feed.ts';
import type { InputSpec } from '../../../../optimizer/calibration/data/source.ts';
import { dtypeFromNumber } from '../../../../optimizer/engine/encode.ts';
import type { EngineMessage } from '../../../../optimizer/engine/messages.ts';
import { decodeEngine } from '../../../../optimizer/engine/schema.ts';
import type { NativeRuntime } from '../../../../optimizer/runtime.ts';
import { HostError } from '../../../ipc/protocol.ts';
import type { Accuracy, DataChoice } from '../../../ipc/schemas/precision.ts';
import type { JobProgress } from '../jobs.ts';
import { openSource } from './data.ts';

/** Inputs of an engine at the sizes that it was built for. */
function builtInputs(header: EngineMessage): InputSpec[] {
  const sizes = header.profiles[0]?.ranges.map((r) => r.opt) ?? [];
  return header.inputs.map(({ name, value }) => {
    const v = header.values[value]!;
    const size = (d: (typeof v.shape)[number]): number | null =>
      d.kind === 0 ? (d.value ?? 0) : d.kind === 1 ? (sizes[d.value ?? 0] ?? null) : null;
    return { name, dtype: dtypeFromNumber(v.dtype), shape: v.shape.map(size) };
  });
}

/** Top-1 and top-5 of an engine file on labelled samples, by the code of `sinter evaluate`. */
export async function evaluateEngine(
  runtime: NativeRuntime,
  file: string,
  threads: number,
  data: DataChoice,
  p: JobProgress,
  title = 'Evaluating',
): Promise<Accuracy> {
  const engine = await runtime.loadEngine(file);
  try {
    const header = decodeEngine(engine.headerBytes);
    const feed = feedOf(builtInputs(header));
    const output = header.outputs[0]?.name;
    if (output === undefined) throw new HostError('no-output', 'The engine has no output to evaluate.');
    const source = await openSource(data, feed.inputs);
    const context = engine.createContext({ threads });
    try {
      const result = await measureAccuracy({
        context,
        source,
        feed,
        output,
        gate: p.gate,
        stop: p.signal,
        onProgress: (a) =>
          p.report(title, a.done, a.total, `top-1 ${(100 * a.top1).toFixed(2)} %`, { rate: a.rate, eta: a.eta }),
      });
      const skipped = result.skipped.slice(0, 200).map((s) => ({ ...s }));
      return { ...result, skipped, output, description: source.description };
    } finally {
      context.dispose();
      await source.close();
    }
  } finally {
    engine.dispose();
  }
}
