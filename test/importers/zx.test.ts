import { it } from 'vitest';
import { openModel } from '../../optimizer/builder/session.ts';

it('x', async () => {
  const m = await openModel(process.env.DIR!, process.env.SHAPE ? { shapes: JSON.parse(process.env.SHAPE) } : {});
  for (const n of m.graph.topological().slice(0, Number(process.env.N ?? 14)))
    console.log(
      'RES',
      n.op,
      n.id,
      n.source.join(),
      n.name.slice(-40),
      n.inputs
        .map(
          (i) =>
            i &&
            `${i}:${m.graph.producer(i) ? '' : 'const'}${m.graph.value(i).type.shape}:${m.graph.value(i).type.dtype}`,
        )
        .join('  '),
      '->',
      n.outputs.join(),
      JSON.stringify(n.attrs),
    );
});
