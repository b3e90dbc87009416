import { it } from 'vitest';
import { openModel } from '../../optimizer/builder/session.ts';
import { readNpy } from '../../optimizer/calibration/data/npy.ts';
import { runModel } from '../support/engine.ts';
import { run } from '../support/interpreter.ts';
import { asDense, worst } from './compare.ts';

it('x', async () => {
  const d = process.env.DIR!;
  const path = `${d}/model`;
  const first = await openModel(path);
  const model = await openModel(path, {
    shapes: Object.fromEntries(first.inputs.map((i) => [i.name, readNpy(`${d}/${i.name}.npy`).shape as number[]])),
  });
  const ins = Object.fromEntries(model.inputs.map((i) => [i.name, readNpy(`${d}/${i.name}.npy`)]));
  const order = model.graph.topological();
  const picks = order.flatMap((n) => n.outputs);
  picks.forEach((v) => model.graph.updateValue(v, { name: `v${v}` }));
  const all = model.graph.clone();
  all.setOutputs(picks.filter((v) => ['float32'].includes(all.value(v).type.dtype)));
  const wantT = await runModel({ ...model, graph: all }, ins, true);
  const want = Object.fromEntries(Object.entries(wantT).map(([k, t]) => [k, asDense(t)]));
  if (process.env.BISECT) {
    let n0 = 0;
    for (const n of order)
      for (const v of n.outputs) {
        if (!want[`v${v}`]) continue;
        const g = model.graph.clone();
        g.setOutputs([v, ...model.graph.outputs.filter((o) => o !== v)]);
        const got = await runModel({ ...model, graph: g }, ins, false);
        const e = worst(want[`v${v}`]!, asDense(got[`v${v}`]!));
        if (e > 1e-4 && n0++ < 6) {
          console.log(
            'BAD',
            n.op,
            n.id,
            v,
            e,
            n.inputs.map(
              (i) =>
                i && [i, model.graph.producer(i)?.op ?? 'const', String(model.graph.value(i).type.shape)].join(' '),
            ),
            g.value(v).type.shape,
            JSON.stringify(n.attrs),
          );
        }
      }
  }
}, 600000);
