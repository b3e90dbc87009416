import { Empty } from '../../ui/Frame.tsx';

/** Calibration is not in this version; the step says so. */
export default function Precision() {
  return (
    <Empty
      text="Engines of this version run in the model's own precision (FP32). INT8 and FP16 come with calibration, in a later version; Q/DQ models keep their own ranges."
      command="run.build"
    />
  );
}
