/* Numbers as people read them; every table and card uses these. */

function scaled(x: number, base: number, units: readonly string[], digits: number): string {
  let i = 0;
  let v = x;
  while (Math.abs(v) >= base && i < units.length - 1) {
    v /= base;
    i++;
  }
  const places =
    i === 0 && Number.isInteger(v)
      ? 0
      : Math.max(0, digits - Math.max(1, Math.floor(Math.log10(Math.abs(v) || 1)) + 1));
  return `${v.toFixed(places)} ${units[i]}`;
}

export const bytesText = (n: number): string => scaled(n, 1000, ['B', 'kB', 'MB', 'GB', 'TB'], 3);
export const flopsText = (n: number): string => scaled(n, 1000, ['FLOP', 'kFLOP', 'MFLOP', 'GFLOP', 'TFLOP'], 3);
export const countText = (n: number): string => n.toLocaleString('en-US');

/** Nanoseconds in the unit that keeps three digits. */
export const timeText = (ns: number): string => (ns === 0 ? '0 µs' : scaled(ns, 1000, ['ns', 'µs', 'ms', 's'], 3));
export const secondsText = (s: number): string =>
  s < 60 ? `${Math.ceil(s)} s` : `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
export const percentText = (share: number): string => `${(share * 100).toFixed(share < 0.0995 ? 1 : 0)} %`;
/** A share that is often tiny: never shown as nothing when it is something. */
export const shareText = (share: number): string => (share > 0 && share < 0.0005 ? '<0.1 %' : percentText(share));
export const numberText = (x: number): string =>
  Number.isInteger(x) && Math.abs(x) < 1e7 ? countText(x) : Number(x.toPrecision(4)).toString();
export const plural = (n: number, one: string, many = `${one}s`): string => `${countText(n)} ${n === 1 ? one : many}`;

/** A sentence that stands by itself. */
export const sentenceText = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Keeps both ends of a long name: the start says the block, the end says the operator. */
export function middleCut(text: string, max: number): string {
  if (text.length <= max) return text;
  const head = Math.ceil((max - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (max - 1 - head))}`;
}
/** A shape with room for `max` characters: long dimension names become "?" before anything is cut. */
export const shortShape = (shape: string, max: number): string =>
  shape.length <= max
    ? shape
    : middleCut(
        shape
          .split('×')
          .map((d) => (d.length > 5 ? '?' : d))
          .join('×'),
        max,
      );
/** "float32" → "f32": what a node has room for. */
export const shortType = (dtype: string): string =>
  dtype
    .replace(/^bfloat/, 'bf')
    .replace(/^float/, 'f')
    .replace(/^uint/, 'u')
    .replace(/^int/, 'i');

/** POSIX shell quoting, for the command that reproduces a result. */
export const shellWord = (s: string): string => (/^[\w./:=@%+,-]+$/.test(s) ? s : `'${s.replaceAll("'", "'\\''")}'`);

/** An amount per time: "78.3 GFLOP/s". */
export const rateText = (amount: number, ns: number, unit: string): string =>
  ns > 0 && amount > 0
    ? scaled(
        (amount / ns) * 1e9,
        1000,
        ['', 'k', 'M', 'G', 'T', 'P'].map((p) => p + unit),
        3,
      )
    : '–';
