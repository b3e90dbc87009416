import { inceptionGraph, syntheticParts } from '../../../test/support/synthetic.ts';
import type { StudioParts } from './parts.ts';
// DEVELOPMENT ONLY until importer and passes land
export async function realParts(): Promise<StudioParts> {
  return syntheticParts((p) => inceptionGraph(p.includes('10k') ? 1112 : 9));
}
