import { useStudio } from '../../store/store.ts';
import { Empty } from '../../ui/Frame.tsx';
import { Problems } from './Problems.tsx';
import { RunBar } from './RunBar.tsx';
import { TensorDetail } from './TensorDetail.tsx';
import { TensorList } from './TensorList.tsx';
import './precision.css';

/** The range of every tensor: filling while samples run, then there to be looked at and moved. */
export default function Precision() {
  const running = useStudio((s) => s.precision.calibrating !== null);
  const has = useStudio((s) => s.precision.calibration !== null);
  const hasTrace = useStudio((s) => s.trace !== null);
  const hasData = useStudio((s) => s.choices.precision.data !== null);
  if (!hasTrace) return <Empty text="Open a model to find out what INT8 does to it." command="file.open" />;
  if (!running && !has) {
    return (
      <Empty
        text={
          hasData
            ? 'Run the samples through the network once: the range of every tensor fills in here.'
            : 'INT8 stores numbers in 8 bits, so it has to know how large they get. Choose samples, and their ranges are measured.'
        }
        command={hasData ? 'precision.start' : 'precision.dataFolder'}
      />
    );
  }
  return (
    <div className="ranges">
      <RunBar />
      <div className="ranges-body">
        <TensorList />
        <TensorDetail />
      </div>
      <Problems />
    </div>
  );
}
