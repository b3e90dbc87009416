import { expect, it } from 'vitest';
import { layoutScene } from '../../renderer/graph/layout/layout.ts';
import { graphPicture, pictureSvg } from '../../renderer/graph/picture.ts';
import { makeScene } from '../../renderer/graph/scene.ts';
import { get, resetStudio } from '../../renderer/store/store.ts';
import { LIGHT } from '../../renderer/ui/tokens.ts';
import { viewOf } from '../support/views.ts';

it('a picture of a graph shows every operator and line, with names that cannot break it', async () => {
  resetStudio();
  const view = viewOf(
    [
      { id: 'n0', op: 'Conv' },
      { id: 'n1', op: 'Relu', name: 'a <b> & "c"' },
      { id: 'n2', op: 'Add' },
    ],
    [
      ['n0', 'n1'],
      ['n1', 'n2'],
    ],
  );
  const scene = makeScene(view, new Set());
  const layout = await layoutScene(scene);
  const svg = pictureSvg(graphPicture(scene, layout, get(), { tokens: LIGHT, scheme: 'light' }));
  expect(svg.match(/<path /g)).toHaveLength(2);
  expect(svg).toContain('a &lt;b&gt; &amp; &quot;c&quot;');
  for (const n of view.nodes) expect(svg).toContain(`>${n.op}</text>`);
  const width = Number(/width="([\d.]+)"/.exec(svg)![1]);
  for (const [, x, w] of svg.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)) {
    expect(Number(x) + Number(w)).toBeLessThanOrEqual(width);
  }
});
