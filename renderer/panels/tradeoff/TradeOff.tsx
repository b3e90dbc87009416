import { useStudio } from '../../store/store.ts';
import { Empty } from '../../ui/Frame.tsx';
import { Budget } from './Budget.tsx';
import { Caches } from './Caches.tsx';
import { Evaluate } from './Evaluate.tsx';
import { Kind } from './Kind.tsx';
import { Plans } from './Plans.tsx';
import { TestSamples } from './TestSamples.tsx';
import './tradeoff.css';

/** What precision costs in accuracy and wins in time, and which plan is built. */
export default function TradeOff() {
  const ready = useStudio((s) => s.trace !== null);
  const has = useStudio((s) => s.precision.calibration !== null);
  const hasData = useStudio((s) => s.choices.precision.data !== null);
  if (!ready) return <Empty text="Plans are compared once a model is open." command="file.open" />;
  return (
    <div className="inspector">
      <Kind />
      {has && (
        <>
          <Plans />
          <Budget />
        </>
      )}
      {hasData && <TestSamples />}
      <Evaluate />
      <Caches />
    </div>
  );
}
