/* Numbers as people read them; every table and card uses these. */

import { countText, percentText, scaled } from '../../optimizer/engine/profile/compare/text.ts';

export {
  bytesText,
  countText,
  percentText,
  plural,
  rateText,
  timeText,
} from '../../optimizer/engine/profile/compare/text.ts';

export const flopsText = (n: number): string => scaled(n, 1000, ['FLOP', 'kFLOP', 'MFLOP', 'GFLOP', 'TFLOP'], 3);
export const secondsText = (s: number): string =>
  s < 60 ? `${Math.ceil(s)} s` : `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
/** A share that is often tiny: never shown as nothing when it is something. */
export const shareText = (share: number): string => (share > 0 && share < 0.0005 ? '<0.1 %' : percentText(share));
export const numberText = (x: number): string =>
  Number.isInteger(x) && Math.abs(x) < 1e7 ? countText(x) : Number(x.toPrecision(4)).toString();
/** A sentence that stands by itself; a name at its beginning (cuDNN) stays as it is written. */
export const sentenceText = (text: string): string =>
  /^[a-z]+(-[a-z]+)*(?=[\s,:;]|\.?$|\.\s)/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;

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
