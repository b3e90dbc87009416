import { showPass } from '../../store/actions/cursor.ts';
import { useStudio } from '../../store/store.ts';

interface Props {
  readonly values: readonly number[];
  readonly text: (n: number) => string;
  readonly name: string;
  readonly titles: readonly string[];
}
const H = 64;

/** One bar per pass, the imported graph first; a bar chooses its pass. */
export function StepChart({ values, text, name, titles }: Props) {
  const current = useStudio((s) => s.cursor.pass);
  const most = Math.max(...values, 1);
  return (
    <div className="step-chart">
      <svg
        viewBox={`0 0 ${values.length} ${H}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${name} after each pass, from ${text(values[0] ?? 0)} to ${text(values.at(-1) ?? 0)}`}
      >
        {values.map((v, i) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: the list below is this chart's equal for keyboards.
          // biome-ignore lint/suspicious/noArrayIndexKey: bars are their positions.
          <g key={i} onClick={() => i > 0 && showPass(i - 1)}>
            <title>{`${titles[i]}: ${text(v)}`}</title>
            <rect className="step-hit" x={i} y={0} width={1} height={H} />
            <rect
              className="step-bar"
              data-current={i === current + 1}
              x={i + 0.1}
              width={0.8}
              y={H - (H * v) / most}
              height={(H * v) / most}
            />
          </g>
        ))}
      </svg>
      <div className="step-ends">
        <span>{text(values[0] ?? 0)}</span>
        <span>→</span>
        <b>{text(values.at(-1) ?? 0)}</b>
      </div>
    </div>
  );
}
