import { rmsNormalization } from './common/rms.ts';

/** ONNX Runtime's name, in the standard's domain, for what became RMSNormalization. */
export default rmsNormalization('SimplifiedLayerNormalization', 1);
