import { useStudio } from '../../store/store.ts';
import { Empty, Loading } from '../../ui/Frame.tsx';
import { DataSection } from './DataSection.tsx';
import { Foot, Method } from './Method.tsx';
import { Preprocessing } from './Preprocessing.tsx';
import { Preview } from './Preview.tsx';
import './calibration.css';

/** What is fed to the network, how, and by which rule ranges are chosen. */
export default function Calibration() {
  const ready = useStudio((s) => s.trace !== null);
  const hasModel = useStudio((s) => s.model !== null);
  const runtime = useStudio((s) => s.machine?.runtime ?? null);
  const why = useStudio((s) => s.machine?.missing[0] ?? 'The native runtime could not be loaded.');
  const hasData = useStudio((s) => s.choices.precision.data !== null);
  if (!ready)
    return hasModel ? (
      <Loading text="Optimizing the model…" />
    ) : (
      <Empty text="Open a model to calibrate it." command="file.open" />
    );
  if (runtime === null) return <Empty text={why} command="host.restart" />;
  return (
    <div className="calibration">
      <div className="calibration-body">
        <DataSection />
        {hasData && <Preview />}
        <Method />
        {hasData && <Preprocessing />}
      </div>
      <Foot />
    </div>
  );
}
