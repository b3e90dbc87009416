/** How common training pipelines make numbers of pixels: (pixel · scale − mean) / std. */
export const NORMALIZATIONS = [
  { id: 'unit', title: '0 … 1', scale: 1 / 255, mean: [0], std: [1] },
  { id: 'signed', title: '−1 … 1', scale: 1 / 255, mean: [0.5], std: [0.5] },
  { id: 'imagenet', title: 'ImageNet', scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  { id: 'bytes', title: '0 … 255', scale: 1, mean: [0], std: [1] },
] as const;

interface Normalization {
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}
const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((x, i) => Math.abs(x - b[i]!) < 1e-12);

/** The common normalization that these numbers are; "custom" for any other. */
export const normalizationOf = (n: Normalization): string =>
  NORMALIZATIONS.find((k) => same([k.scale], [n.scale]) && same(k.mean, n.mean) && same(k.std, n.std))?.id ?? 'custom';
