/* Numbers as people read them, in the window and on the command line. */

export function scaled(x: number, base: number, units: readonly string[], digits: number): string {
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
export const countText = (n: number): string => n.toLocaleString('en-US');

/** Nanoseconds in the unit that keeps three digits. */
export const timeText = (ns: number): string => (ns === 0 ? '0 µs' : scaled(ns, 1000, ['ns', 'µs', 'ms', 's'], 3));
export const percentText = (share: number): string => `${(share * 100).toFixed(share < 0.0995 ? 1 : 0)} %`;
export const plural = (n: number, one: string, many = `${one}s`): string => `${countText(n)} ${n === 1 ? one : many}`;

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
