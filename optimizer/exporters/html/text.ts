/* Numbers and markup of the report: plain functions, no library, since the page must stand alone. */

function scaled(x: number, units: readonly string[]): string {
  let v = x;
  let i = 0;
  while (Math.abs(v) >= 1000 && i < units.length - 1) {
    v /= 1000;
    i++;
  }
  const digits = Math.max(0, 3 - Math.max(1, Math.floor(Math.log10(Math.abs(v) || 1)) + 1));
  return `${i === 0 && Number.isInteger(v) ? v : v.toFixed(digits)} ${units[i]}`;
}

export const timeText = (ns: number): string => scaled(ns, ['ns', 'µs', 'ms', 's']);
export const bytesText = (n: number): string => scaled(n, ['B', 'kB', 'MB', 'GB', 'TB']);
export const rateText = (perSecond: number, unit: string): string =>
  scaled(
    perSecond,
    ['', 'k', 'M', 'G', 'T', 'P'].map((p) => p + unit),
  );
export const percentText = (share: number): string => `${(share * 100).toFixed(share < 0.0995 ? 1 : 0)} %`;
export const countText = (n: number): string => n.toLocaleString('en-US');
export const plural = (n: number, one: string, many = `${one}s`): string => `${countText(n)} ${n === 1 ? one : many}`;

/** Markup that is safe to put into a page. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export const escaped = (s: string): string =>
  s.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

type Part = Markup | readonly Part[] | string | number | null | false;

function textOf(p: Part): string {
  if (p instanceof Markup) return p.text;
  if (Array.isArray(p)) return p.map(textOf).join('');
  return p === null || p === false ? '' : escaped(String(p));
}

/** Template for markup: everything put in is escaped unless it is markup itself. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Markup {
  return new Markup(strings.map((s, i) => s + (i < parts.length ? textOf(parts[i]!) : '')).join(''));
}

/** A number of a picture, short. */
export const px = (v: number): string => String(Math.round(v * 10) / 10);
