import { describe, expect, it } from 'vitest';
import {
  CATEGORY,
  CIVIDIS,
  cividis,
  contrast,
  DARK,
  inkOn,
  LIGHT,
  luminance,
  type Tokens,
} from '../../renderer/ui/tokens.ts';

const AA = 4.5;
const NON_TEXT = 3;

describe.each([
  ['light', LIGHT],
  ['dark', DARK],
] as const)('%s scheme', (scheme, t: Tokens) => {
  const surfaces = ['page', 'panel', 'raised', 'sunken'] as const;
  it.each([
    'text',
    'muted',
    'accent',
    'warning',
    'error',
    'added',
    'removed',
  ] as const)('%s reads on every surface', (ink) => {
    for (const s of surfaces) expect(contrast(t[ink], t[s]), `${ink} on ${s}`).toBeGreaterThanOrEqual(AA);
  });
  it('text reads on soft fills and buttons', () => {
    for (const soft of ['accentSoft', 'addedSoft', 'removedSoft'] as const) {
      expect(contrast(t.text, t[soft])).toBeGreaterThanOrEqual(AA);
      expect(contrast(t.muted, t[soft]), soft).toBeGreaterThanOrEqual(AA);
    }
    expect(contrast(t.onAccent, t.accent)).toBeGreaterThanOrEqual(AA);
  });
  it('focus rings and diff outlines are told from every surface', () => {
    for (const s of surfaces) {
      for (const line of [t.focus, t.added, t.removed]) expect(contrast(line, t[s])).toBeGreaterThanOrEqual(NON_TEXT);
    }
  });
  it('category hues are told from a node, and have glyphs of their own', () => {
    for (const c of Object.values(CATEGORY)) expect(contrast(c[scheme], t.raised)).toBeGreaterThanOrEqual(AA);
    expect(new Set(Object.values(CATEGORY).map((c) => c.glyph)).size).toBe(Object.keys(CATEGORY).length);
  });
});

describe('cividis', () => {
  it('grows lighter all the way', () => {
    const l = Array.from({ length: 50 }, (_, i) => luminance(cividis(i / 49)));
    for (let i = 1; i < l.length; i++) expect(l[i]).toBeGreaterThan(l[i - 1]!);
  });
  it('keeps to its ends', () => {
    expect(cividis(-1)).toBe(CIVIDIS[0]);
    expect(cividis(2)).toBe(CIVIDIS.at(-1));
  });
  it('always leaves an ink that reads', () => {
    for (let i = 0; i <= 40; i++) expect(contrast(inkOn(cividis(i / 40)), cividis(i / 40))).toBeGreaterThanOrEqual(AA);
  });
});
