import { rmsNormalization } from './common/rms.ts';

/** x / √(mean(x²) + ε) · scale over the dimensions from `axis` on; the mean in float32. */
export default rmsNormalization('RMSNormalization', 23);
