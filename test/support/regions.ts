import { join } from 'node:path';
import { expect } from 'vitest';
import { buildEngine } from '../../optimizer/builder/build.ts';
import { openModel, optimizeModel, withoutPasses } from '../../optimizer/builder/session.ts';
import type { EngineMessage } from '../../optimizer/engine/messages.ts';
import { decodeEngine } from '../../optimizer/engine/schema.ts';
import { difference } from '../../optimizer/engine/summary.ts';
import type { Tensor } from '../../optimizer/runtime.ts';
import { ortSession, runOrt } from '../bench/ort.ts';
import { scratch, writeModel } from '../importers/make.ts';
import { testRuntime } from '../networks/check.ts';

const dir = scratch();

export const f32 = (shape: readonly number[], data: readonly number[]): Tensor => ({
  dtype: 'float32',
  shape,
  bytes: new Uint8Array(Float32Array.from(data).buffer),
});
export const i64 = (shape: readonly number[], data: readonly number[]): Tensor => ({
  dtype: 'int64',
  shape,
  bytes: new Uint8Array(BigInt64Array.from(data.map(BigInt)).buffer),
});
export const bool = (x: boolean): Tensor => ({ dtype: 'bool', shape: [], bytes: Uint8Array.of(x ? 1 : 0) });

/** Builds with and without passes, and holds both against ONNX Runtime on every set of inputs. The headers of the two. */
export async function agrees(
  graph: object,
  feeds: readonly Record<string, Tensor>[],
  opset = 17,
  device = 'cpu',
): Promise<EngineMessage[]> {
  const headers: EngineMessage[] = [];
  const path = writeModel(dir, { graph, opset });
  const runtime = testRuntime();
  const session = await ortSession(path, 1);
  for (const passes of [true, false]) {
    const model = await openModel(path);
    const file = join(dir, 'engine.sinter');
    await buildEngine(passes ? optimizeModel(model, runtime) : withoutPasses(model), {
      runtime,
      device,
      threads: 1,
      path: file,
    });
    const engine = await runtime.loadEngine(file);
    headers.push(decodeEngine(engine.headerBytes));
    expect(headers.at(-1)!.requiredFeatures).toEqual(['regions']);
    const context = engine.createContext({ threads: 1 });
    // Twice: what a run leaves behind must not matter.
    for (const feed of [...feeds, ...feeds]) {
      const want = await runOrt(session, feed);
      const got = await context.run(feed);
      for (const [name, t] of Object.entries(want)) {
        expect(got[name]!.shape, name).toEqual([...t.shape]);
        expect(difference(t, got[name]!).maxAbs, name).toBeLessThan(1e-5);
      }
    }
    context.dispose();
    engine.dispose();
  }
  await session.release();
  return headers;
}
