import { Empty } from '../../ui/Frame.tsx';

/** Calibration is not in this version; the step says so. */
export default function Precision() {
  return (
    <Empty
      text="The studio builds in the model's own precision. Calibration to INT8 comes to this step in a later version; until then the command line builds INT8 from a calibration cache."
      command="run.build"
    />
  );
}
