import { existsSync, readdirSync } from 'node:fs';
import { it } from 'vitest';
import { openModel } from '../../optimizer/builder/session.ts';
import { readNpy } from '../../optimizer/calibration/data/npy.ts';
import { runModel } from '../support/engine.ts';
import { asDense, worst } from './compare.ts';

it('x', async () => {
  const root = process.env.CASES ?? '/tmp/frameworks-tf/cases';
  let ok = 0;
  for (const name of readdirSync(root)) {
    if (process.env.ONLY && !name.includes(process.env.ONLY)) continue;
    const d = `${root}/${name}`;
    try {
      const path = existsSync(`${d}/graph.pb`) ? `${d}/graph.pb` : `${d}/model`;
      const first = await openModel(path);
      const t0 = Date.now();
      const model = await openModel(path, {
        shapes: Object.fromEntries(first.inputs.map((i) => [i.name, readNpy(`${d}/${i.name}.npy`).shape as number[]])),
      });
      console.log(
        'RES',
        name,
        model.graph.nodeCount,
        'nodes',
        model.name,
        JSON.stringify(model.inputs),
        JSON.stringify(model.outputs),
        model.warnings.join(),
        Date.now() - t0,
        'ms',
      );
      if (model.unsupported.length) {
        console.log('RES', name, 'UNSUPPORTED', model.unsupported.map((u) => u.reason).join(' '));
        continue;
      }
      const inputs = Object.fromEntries(model.inputs.map((i) => [i.name, readNpy(`${d}/${i.name}.npy`)]));
      for (const passes of [true, false]) {
        const got = await runModel(model, inputs, passes);
        for (const [k, v] of Object.entries(got)) {
          const w = readNpy(`${d}/${k}.npy`);
          const e = worst(asDense(w), asDense(v));
          if (w.dtype !== v.dtype) console.log('RES', name, k, passes, 'DTYPE', w.dtype, v.dtype);
          if (!(e < (Number(process.env.TOL) || 1e-5)))
            console.log('RES', name, k, passes, 'DIFF', e, w.shape, v.shape);
          else ok++;
        }
      }
    } catch (e) {
      console.log('RES', name, 'ERR', (e as Error).message.slice(0, 200));
    }
  }
  console.log('RES OK', ok);
}, 600000);
