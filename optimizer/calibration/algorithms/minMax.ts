import { largest } from '../histogram.ts';
import type { RangeAlgorithm } from './algorithm.ts';

/** The largest |x|, exactly: nothing is clipped. */
export const minMax: RangeAlgorithm = {
  name: 'minmax',
  title: 'Min-max',
  doc: 'Clips nothing; right for transformers and for tensors whose large values matter, coarse where outliers are rare.',
  amax: largest,
};
