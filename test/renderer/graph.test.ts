import { describe, expect, it } from 'vitest';
import type { ViewGroup } from '../../electron/ipc/schemas/graph.ts';
import { follow } from '../../renderer/graph/follow.ts';
import { layeredLayout } from '../../renderer/graph/layout/layered.ts';
import { layoutScene, type Rect } from '../../renderer/graph/layout/layout.ts';
import type { Level } from '../../renderer/graph/layout/level.ts';
import { groupsAround, HUB, makeScene } from '../../renderer/graph/scene.ts';
import { unionLayout } from '../../renderer/graph/union.ts';
import { byReason, storyOf } from '../../renderer/panels/why/why.ts';
import { viewOf } from '../support/views.ts';

const group = (id: string, parent = ''): ViewGroup => ({ id, name: id, parent, kind: 'scope' });
const overlap = (a: Rect, b: Rect): boolean => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
/** A deterministic pseudo-random sequence. */
const random = (seed: number) => () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;

describe('scene', () => {
  const view = viewOf(
    [{ id: 'a', group: 'g' }, { id: 'b', group: 'g/h' }, { id: 'c', group: 'g/h' }, { id: 'd' }],
    [
      ['a', 'b'],
      ['a', 'c'],
      ['b', 'd'],
      ['c', 'd'],
    ],
    [group('g'), group('g/h', 'g')],
  );
  it('shows a closed group as one item, edges into it merged with a count', () => {
    const scene = makeScene(view, new Set(['g']));
    expect([...scene.items.keys()].sort()).toEqual(['a', 'd', 'g', 'g/h']);
    expect(scene.edges.map((e) => [e.from, e.to, e.count])).toEqual([
      ['a', 'g/h', 2],
      ['g/h', 'd', 2],
    ]);
    expect(scene.shownAs.get('b')).toBe('g/h');
  });
  it('hides everything in a closed outer group', () => {
    const scene = makeScene(view, new Set(['g/h']));
    expect([...scene.items.keys()].sort()).toEqual(['d', 'g']);
  });
  it('knows what to open so that a node shows', () => expect(groupsAround(view, 'c')).toEqual(['g', 'g/h']));
  it('makes a value with many consumers a hub', () => {
    const readers = Array.from({ length: HUB + 1 }, (_, i) => `r${i}`);
    const scene = makeScene(
      viewOf(
        [{ id: 'x' }, ...readers.map((id) => ({ id }))],
        readers.map((r) => ['x', r] as const),
      ),
      new Set(),
    );
    expect(scene.edges.every((e) => e.hub)).toBe(true);
  });
});

describe('arrow keys', () => {
  const view = viewOf(
    [{ id: 'a' }, { id: 'b' }, { id: 'c' }, { id: 'd' }],
    [
      ['a', 'b'],
      ['a', 'c'],
      ['b', 'd'],
      ['c', 'd'],
    ],
  );
  it.each([
    ['a', 'ArrowDown', 'b'],
    ['d', 'ArrowUp', 'b'],
    ['b', 'ArrowRight', 'c'],
    ['c', 'ArrowLeft', 'b'],
    ['c', 'ArrowRight', 'b'],
    [null, 'ArrowDown', 'a'],
    ['d', 'ArrowDown', undefined],
    ['a', 'x', undefined],
  ])('from %s, %s leads to %s', (from, key, to) => expect(follow(view, from, key)?.id).toBe(to));
});

describe('layout', () => {
  const rects = (level: Level): Rect[] =>
    layeredLayout(level).at.map((p, i) => ({ ...p, w: level.sizes[i]![0], h: level.sizes[i]![1] }));
  const wild = (n: number): Level => {
    const next = random(n);
    return {
      sizes: Array.from({ length: n }, () => [100 + Math.floor(next() * 200), 40 + Math.floor(next() * 100)] as const),
      edges: Array.from({ length: 2 * n }, () => {
        const a = Math.floor(next() * (n - 1));
        return [a, a + 1 + Math.floor(next() * (n - 1 - a))] as const;
      }),
    };
  };
  it.each([2, 7, 40, 150])('puts %d boxes so that none overlap and lines go down', (n) => {
    const level = wild(n);
    const all = rects(level);
    for (let i = 0; i < n; i++)
      for (let j = i + 1; j < n; j++) expect(overlap(all[i]!, all[j]!), `${i} and ${j}`).toBe(false);
    for (const [a, b] of level.edges) expect(all[a]!.y + all[a]!.h).toBeLessThan(all[b]!.y);
  });
  it('keeps every child inside the frame of its open group', async () => {
    const view = viewOf(
      [{ id: 'a', group: 'g' }, { id: 'b', group: 'g' }, { id: 'c' }],
      [
        ['a', 'b'],
        ['b', 'c'],
      ],
      [group('g')],
    );
    const { rects: r } = await layoutScene(makeScene(view, new Set(['g'])));
    const frame = r.get('g')!;
    for (const id of ['a', 'b']) {
      const box = r.get(id)!;
      expect(
        box.x >= frame.x &&
          box.y >= frame.y &&
          box.x + box.w <= frame.x + frame.w &&
          box.y + box.h <= frame.y + frame.h,
      ).toBe(true);
    }
    expect(overlap(frame, r.get('c')!)).toBe(false);
  });
});

describe('before and after on one layout', () => {
  const before = viewOf(
    [{ id: 'x' }, { id: 'conv' }, { id: 'relu' }, { id: 'y' }],
    [
      ['x', 'conv'],
      ['conv', 'relu'],
      ['relu', 'y'],
    ],
  );
  const after = viewOf(
    [{ id: 'x' }, { id: 'fused', sources: ['conv', 'relu'] }, { id: 'y' }],
    [
      ['x', 'fused'],
      ['fused', 'y'],
    ],
  );
  it('keeps what survives in place and puts the fused node in the box of its sources', async () => {
    const u = await unionLayout(before, after, new Set());
    const [conv, relu, fused] = ['conv', 'relu', 'fused'].map((id) => u.rects.get(id)!);
    expect(fused!.y).toBe(conv!.y);
    expect(fused!.y + fused!.h).toBe(relu!.y + relu!.h);
    const at = (side: typeof u.before, id: string) => side.nodes.find((n) => n.item.id === id)!;
    expect(at(u.before, 'y').rect).toEqual(at(u.after, 'y').rect);
    expect([at(u.before, 'conv').mark, at(u.before, 'x').mark, at(u.after, 'fused').mark]).toEqual([
      'removed',
      'kept',
      'added',
    ]);
  });
  it('gives two nodes that replace one room of their own', async () => {
    const split = viewOf(
      [{ id: 'x' }, { id: 'mul', sources: ['conv'] }, { id: 'add', sources: ['conv'] }, { id: 'relu' }, { id: 'y' }],
      [
        ['x', 'mul'],
        ['mul', 'add'],
        ['add', 'relu'],
        ['relu', 'y'],
      ],
    );
    const u = await unionLayout(before, split, new Set());
    const [mul, add, relu] = ['mul', 'add', 'relu'].map((id) => u.rects.get(id)!);
    expect(overlap(mul!, add!)).toBe(false);
    expect(add!.y + add!.h).toBeLessThan(relu!.y);
    expect(mul!.y).toBeLessThan(add!.y);
  });
  it('lets no fused nodes of branches beside each other overlap', async () => {
    const branches = [['a'], ['b', 'c'], ['d', 'e'], ['f']];
    const ids = branches.flat();
    const chain = (of: (id: string) => [first: string, last: string]): [string, string][] =>
      branches.flatMap((b, i) => {
        const ends = b.map(of);
        const start = i === 3 ? 'pool' : 'x';
        return [
          [start, ends[0]![0]] as [string, string],
          ...ends.slice(1).map((e, k) => [ends[k]![1], e[0]] as [string, string]),
          [ends.at(-1)![1], 'join'] as [string, string],
        ];
      });
    const ends = { nodes: [{ id: 'x' }, { id: 'pool' }, { id: 'join' }], edges: [['x', 'pool']] as [string, string][] };
    const split = viewOf(
      [...ends.nodes, ...ids.flatMap((id) => [{ id: `${id}Conv` }, { id: `${id}Relu` }])],
      [
        ...ends.edges,
        ...chain((id) => [`${id}Conv`, `${id}Relu`]),
        ...ids.map((id) => [`${id}Conv`, `${id}Relu`] as [string, string]),
      ],
    );
    const joined = viewOf(
      [...ends.nodes, ...ids.map((id) => ({ id, sources: [`${id}Conv`, `${id}Relu`] }))],
      [...ends.edges, ...chain((id) => [id, id])],
    );
    const u = await unionLayout(split, joined, new Set());
    const rects = u.after.nodes.map((n) => n.rect);
    expect(rects).toHaveLength(9);
    for (const [i, a] of rects.entries())
      for (const b of rects.slice(i + 1)) expect(overlap(a, b), JSON.stringify([a, b])).toBe(false);
  });
  it('draws a line between survivors that was not there as rewired', async () => {
    const without = viewOf([{ id: 'x' }, { id: 'y' }], [['x', 'y']]);
    const u = await unionLayout(before, without, new Set());
    expect(u.after.edges.map((e) => e.kind)).toEqual(['rewired']);
  });
});

describe('why', () => {
  const refusal = {
    rule: 'r',
    ruleTitle: 'Rule',
    node: 'n1',
    op: 'Conv',
    sources: ['1'],
    code: 'c',
    text: 'used by 2',
  };
  const application = {
    key: 'k',
    rule: 'r',
    ruleTitle: 'Rule',
    note: '',
    place: '',
    sources: ['1', '2'],
    removed: [],
    added: [],
  };
  const measure = { nodes: 1, launches: 1, flops: 0, bytes: 0 };
  const trace = {
    revision: 1,
    before: measure,
    stale: [],
    headline: { operators: 1, layers: 1, refused: 1 },
    fates: {},
    passes: [
      {
        pass: 'p',
        title: 'P',
        doc: '',
        measure: '',
        run: 1,
        disabled: false,
        applications: [application],
        refusals: [refusal, { ...refusal, node: 'n2', sources: ['3'] }],
        after: measure,
        milliseconds: 0,
      },
    ],
  };
  it('tells all that touched an operator', () => {
    const story = storyOf(trace, new Set(['1']));
    expect([story.made.length, story.refused.length]).toEqual([1, 1]);
    expect(storyOf(trace, new Set(['9']))).toEqual({ made: [], refused: [] });
  });
  it('joins equal reasons', () =>
    expect(byReason(trace.passes[0]!.refusals).map((g) => g.refusals.length)).toEqual([2]));
});
