import { Tooltip } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { IconInfoCircle } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import type { Category } from '../../../electron/ipc/schemas/graph.ts';
import type { ProfileResult } from '../../../electron/ipc/schemas/profile.ts';
import { layerIds } from '../../../optimizer/engine/profile/compare/profile.ts';
import { LayerTip } from '../../profile/LayerTip.tsx';
import { aboveRoof, layerSum, layerTitle, roofShare } from '../../profile/summary.ts';
import { useCategories } from '../../profile/useCategories.ts';
import { hover, selectProfileLayer } from '../../store/actions/select.ts';
import { useStudio } from '../../store/store.ts';
import { CutName } from '../../ui/CutName.tsx';
import { Empty } from '../../ui/Frame.tsx';
import { percentText, plural, rateText, timeText } from '../../ui/format.ts';
import { decades } from '../../ui/ticks.ts';
import { CATEGORY } from '../../ui/tokens.ts';
import { type Point, roofline } from './scale.ts';

const MARGIN = { left: 82, right: 22, top: 18, bottom: 40 };
const LISTED = 12;

function Plane({ profile }: { profile: ProfileResult }) {
  const { ref, width, height } = useElementSize();
  const category = useCategories();
  const selection = useStudio((s) => s.selection);
  const hovered = useStudio((s) => s.hover);
  const [at, setAt] = useState<{ point: Point; x: number; y: number } | null>(null);
  const r = useMemo(() => roofline(profile), [profile]);
  const w = Math.max(1, width - MARGIN.left - MARGIN.right);
  const h = Math.max(1, height - MARGIN.top - MARGIN.bottom);
  const log = (v: number, [from, to]: readonly [number, number]): number =>
    Math.log(v / from) / Math.log(to / from || 1.0001);
  const px = (v: number): number => MARGIN.left + log(v, r.x) * w;
  const py = (v: number): number => MARGIN.top + (1 - log(v, r.y)) * h;
  const slowest = Math.max(1, ...r.points.map((p) => p.layer.median));
  // Small ones last: nothing hides behind a large circle.
  const points = useMemo(() => r.points.toSorted((a, b) => b.layer.median - a.layer.median), [r]);
  const isIn = (set: ReadonlySet<string>, p: Point): boolean =>
    set.size > 0 && layerIds(profile, p.layer).some((s) => set.has(s));
  const any = points.some((p) => isIn(selection, p));
  const top = r.roofs[0]?.rate ?? 0;
  const ridge = r.bandwidth > 0 && top > 0 ? top / r.bandwidth : r.x[1];
  const slope = Math.atan2(py(r.bandwidth * r.x[0]) - py(top || r.bandwidth * ridge), px(ridge) - px(r.x[0]));
  return (
    <div ref={ref} className="roofline" role="img" aria-label={`Roofline of ${plural(r.points.length, 'layer')}`}>
      {width > 0 && height > 0 && (
        <svg width={width} height={height}>
          <title>Operations per second over operations per byte, both logarithmic</title>
          <clipPath id="roofline-plane">
            <rect x={MARGIN.left} y={MARGIN.top} width={w} height={h} />
          </clipPath>
          {decades(...r.x).map(
            (v) =>
              v > r.x[0] &&
              v < r.x[1] && (
                <g key={v}>
                  <line className="grid" x1={px(v)} x2={px(v)} y1={MARGIN.top} y2={MARGIN.top + h} />
                  <text x={px(v)} y={MARGIN.top + h + 15} textAnchor="middle">
                    {Number(v.toPrecision(1))}
                  </text>
                </g>
              ),
          )}
          <text x={MARGIN.left + w / 2} y={height - 6} textAnchor="middle">
            FLOP per byte; larger circles take more time
          </text>
          {decades(...r.y).map(
            (v) =>
              v > r.y[0] &&
              v < r.y[1] && (
                <g key={v}>
                  <line className="grid" x1={MARGIN.left} x2={MARGIN.left + w} y1={py(v)} y2={py(v)} />
                  <text x={MARGIN.left - 8} y={py(v) + 4} textAnchor="end">
                    {rateText(v, 1e9, 'FLOP/s').replace(/\.0+ /, ' ')}
                  </text>
                </g>
              ),
          )}
          <rect className="plane" x={MARGIN.left} y={MARGIN.top} width={w} height={h} />
          <g clipPath="url(#roofline-plane)">
            {r.bandwidth > 0 && (
              <>
                <line
                  className="roof"
                  x1={px(r.x[0])}
                  y1={py(r.bandwidth * r.x[0])}
                  x2={px(ridge)}
                  y2={py(r.bandwidth * ridge)}
                />
                <text
                  className="roof-text"
                  transform={`translate(${px(r.x[0]) + 10},${py(r.bandwidth * r.x[0]) - 10 * Math.tan(slope) - 7}) rotate(${(-slope * 180) / Math.PI})`}
                >
                  copy {rateText(r.bandwidth, 1e9, 'B/s')}
                </text>
              </>
            )}
            {r.roofs.map((roof) => (
              <g key={roof.text}>
                <line
                  className="roof"
                  x1={r.bandwidth > 0 ? px(Math.max(r.x[0], roof.rate / r.bandwidth)) : MARGIN.left}
                  x2={MARGIN.left + w}
                  y1={py(roof.rate)}
                  y2={py(roof.rate)}
                />
                <text className="roof-text" x={MARGIN.left + w - 6} y={py(roof.rate) - 5} textAnchor="end">
                  {roof.text}
                </text>
              </g>
            ))}
            {points.map((p) => (
              // biome-ignore lint/a11y/noStaticElementInteractions: the table is the points' equal for keyboards.
              <circle
                key={p.layer.layer}
                className="point"
                data-testid="point"
                data-category={category(p.layer.layer)}
                data-source-id={layerIds(profile, p.layer).join(' ')}
                data-selected={isIn(selection, p)}
                data-hovered={isIn(hovered, p)}
                data-dim={any && !isIn(selection, p)}
                cx={px(p.intensity)}
                cy={py(p.rate)}
                r={3.5 + 12 * Math.sqrt(p.layer.median / slowest)}
                onClick={() => selectProfileLayer(p.layer)}
                onPointerEnter={() => {
                  hover(layerIds(profile, p.layer));
                  setAt({ point: p, x: px(p.intensity), y: py(p.rate) });
                }}
                onPointerLeave={() => {
                  hover([]);
                  setAt(null);
                }}
              />
            ))}
          </g>
        </svg>
      )}
      {at && (
        <div
          className="scene-tip"
          role="tooltip"
          style={{
            left: Math.min(at.x + 20, Math.max(0, width - 300)),
            ...(at.y > height / 2 ? { bottom: height - at.y + 12 } : { top: at.y + 14 }),
          }}
        >
          <LayerTip profile={profile} layer={at.point.layer} />
        </div>
      )}
    </div>
  );
}

function Legend({ profile }: { profile: ProfileResult }) {
  const category = useCategories();
  const present = new Set(profile.layers.filter((l) => l.flops > 0).map((l) => category(l.layer)));
  return (
    <ul className="legend" aria-label="Colours">
      {Object.entries(CATEGORY)
        .filter(([id]) => present.has(id as Category))
        .map(([id, c]) => (
          <li key={id}>
            <span className="legend-chip" data-category={id}>
              {c.glyph}
            </span>
            {c.title}
          </li>
        ))}
    </ul>
  );
}

function Furthest({ profile }: { profile: ProfileResult }) {
  const rows = useMemo(
    () =>
      profile.layers
        .filter((l) => aboveRoof(l) > 0)
        .sort((a, b) => aboveRoof(b) - aboveRoof(a))
        .slice(0, LISTED),
    [profile],
  );
  const selection = useStudio((s) => s.selection);
  const all = profile.layers.reduce((n, l) => n + aboveRoof(l), 0);
  const still = profile.layers.filter((l) => l.flops === 0).length;
  return (
    <aside className="culprits" aria-label="Time above the roof">
      <h3>
        {percentText(all / Math.max(1, layerSum(profile)))} of the time is above the roof
        <Tooltip
          multiline
          w={280}
          label="Operations are counted by the plain method, so Winograd kernels can stand above a roof; small layers work in cache, faster than a copy."
        >
          <IconInfoCircle size={14} aria-label="How to read it" />
        </Tooltip>
      </h3>
      <p className="muted">
        What perfect kernels would win: measured time less what the ceilings allow.
        {still > 0 && ` ${plural(still, 'layer')} without arithmetic ${still === 1 ? 'is' : 'are'} not on the plane.`}
      </p>
      <ul>
        {rows.map((l) => {
          const ids = layerIds(profile, l);
          return (
            <li key={l.layer}>
              <button
                type="button"
                data-source-id={ids.join(' ')}
                aria-pressed={ids.some((s) => selection.has(s))}
                title={`Layer ${l.layer + 1}, ${l.name}: ${timeText(l.median)}, ${percentText(roofShare(l) ?? 0)} of the ceiling\n${l.tactic}`}
                onClick={() => selectProfileLayer(l)}
                onMouseEnter={() => hover(ids)}
                onMouseLeave={() => hover([])}
              >
                <CutName text={layerTitle(profile, l)} />
                <span className="kind-bar">
                  <i style={{ width: `${(100 * aboveRoof(l)) / Math.max(1, aboveRoof(rows[0]!))}%` }} />
                </span>
                <b>{timeText(aboveRoof(l))}</b>
              </button>
            </li>
          );
        })}
      </ul>
    </aside>
  );
}

/** Layers under the ceilings that the device was measured to have. */
export default function Roofline() {
  const profile = useStudio((s) => s.profile);
  if (!profile)
    return <Empty text="The roofline appears here once the engine has been profiled." command="run.profile" />;
  if (!profile.ceilings) {
    return (
      <Empty text="This profile was recorded without the device's ceilings, so there is no roof to compare with." />
    );
  }
  return (
    <div className="memory">
      <div className="roofline-panel">
        <Plane profile={profile} />
        <Legend profile={profile} />
      </div>
      <Furthest profile={profile} />
    </div>
  );
}
