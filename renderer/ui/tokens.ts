import type { Category } from '../../electron/ipc/schemas/graph.ts';

/* Every colour of the studio, for both schemes. test/renderer/tokens.test.ts holds the contrast of each pair used. */

export interface Tokens {
  readonly page: string;
  readonly panel: string;
  readonly raised: string;
  readonly sunken: string;
  readonly border: string;
  readonly strongBorder: string;
  readonly text: string;
  readonly muted: string;
  readonly accent: string;
  readonly onAccent: string;
  readonly accentSoft: string;
  readonly focus: string;
  readonly removed: string;
  readonly removedSoft: string;
  readonly added: string;
  readonly addedSoft: string;
  readonly warning: string;
  readonly error: string;
  readonly good: string;
  readonly edge: string;
}

export const LIGHT: Tokens = {
  page: '#eef0f3',
  panel: '#ffffff',
  raised: '#ffffff',
  sunken: '#f5f6f8',
  border: '#dde1e7',
  strongBorder: '#b9c0cb',
  text: '#1b2330',
  muted: '#566173',
  accent: '#0b6e69',
  onAccent: '#ffffff',
  accentSoft: '#dcefed',
  focus: '#0b6e69',
  removed: '#b1500a',
  removedSoft: '#fdeedd',
  added: '#1d5fbf',
  addedSoft: '#e2edfc',
  warning: '#8a5a00',
  error: '#b3261e',
  good: '#1f7a3d',
  edge: '#98a2b1',
};

export const DARK: Tokens = {
  page: '#101318',
  panel: '#171b22',
  raised: '#1f242d',
  sunken: '#12161c',
  border: '#2a313c',
  strongBorder: '#465062',
  text: '#e6eaf0',
  muted: '#9aa6b8',
  accent: '#3cc4b8',
  onAccent: '#06201e',
  accentSoft: '#12342f',
  focus: '#3cc4b8',
  removed: '#f0a04b',
  removedSoft: '#3a2713',
  added: '#6fabff',
  addedSoft: '#16294a',
  warning: '#e2b04a',
  error: '#ff8a80',
  good: '#6fce8e',
  edge: '#5d6879',
};

/** Hue and glyph per operator category; the glyph carries the meaning where colour cannot. */
export const CATEGORY: Readonly<
  Record<Category, { readonly light: string; readonly dark: string; readonly glyph: string; readonly title: string }>
> = {
  convolution: { light: '#2563a8', dark: '#6ea8e8', glyph: '▦', title: 'Convolution' },
  matrix: { light: '#6a48b8', dark: '#b39af0', glyph: '×', title: 'Matrix' },
  activation: { light: '#a8470f', dark: '#f0a070', glyph: 'ƒ', title: 'Activation' },
  elementwise: { light: '#7a6300', dark: '#d9bf4f', glyph: '+', title: 'Elementwise' },
  pooling: { light: '#23754a', dark: '#6cc796', glyph: '▾', title: 'Pooling' },
  normalization: { light: '#a82f6b', dark: '#ee8fbd', glyph: 'σ', title: 'Normalization' },
  shape: { light: '#4d5b70', dark: '#a3b0c4', glyph: '⤢', title: 'Shape' },
  other: { light: '#5f5a52', dark: '#b5aea2', glyph: '•', title: 'Other' },
};

/** Cividis, sampled: even in lightness, the same for every kind of colour vision. */
export const CIVIDIS = [
  '#00224e',
  '#123570',
  '#3b496c',
  '#575d6d',
  '#707173',
  '#8a8678',
  '#a59c74',
  '#c3b369',
  '#e1cc55',
  '#fee838',
] as const;

function mix(a: string, b: string, t: number): string {
  const part = (i: number): string => {
    const x = Number.parseInt(a.slice(i, i + 2), 16);
    const y = Number.parseInt(b.slice(i, i + 2), 16);
    return Math.round(x + (y - x) * t)
      .toString(16)
      .padStart(2, '0');
  };
  return `#${part(1)}${part(3)}${part(5)}`;
}

/** Colour of a share in 0…1 on the cividis scale. */
export function cividis(share: number): string {
  const x = Math.min(1, Math.max(0, share)) * (CIVIDIS.length - 1);
  const i = Math.min(CIVIDIS.length - 2, Math.floor(x));
  return mix(CIVIDIS[i]!, CIVIDIS[i + 1]!, x - i);
}

/** Relative luminance as WCAG defines it. */
export function luminance(hex: string): number {
  const channel = (i: number): number => {
    const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}
export function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}
/** Black or white, whichever reads better on a colour. */
export const inkOn = (hex: string): string =>
  contrast(hex, '#ffffff') >= contrast(hex, '#000000') ? '#ffffff' : '#000000';

/** The tokens of a scheme as custom properties: `--strong-border: #…`. */
export function cssVariables(tokens: Tokens, scheme: 'light' | 'dark'): Record<string, string> {
  const kebab = (s: string): string => s.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
  return {
    ...Object.fromEntries(Object.entries(tokens).map(([k, v]) => [`--${kebab(k)}`, v])),
    ...Object.fromEntries(Object.entries(CATEGORY).map(([k, v]) => [`--cat-${k}`, v[scheme]])),
  };
}
