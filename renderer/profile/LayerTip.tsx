import type { LayerTime, ProfileResult } from '../../electron/ipc/schemas/profile.ts';
import { bytesText, flopsText, percentText, plural, rateText, timeText } from '../ui/format.ts';
import { dtypeName, roofShare } from './summary.ts';

/** What a chart says of the layer under the pointer. */
export function LayerTip({ profile, layer: l }: { profile: ProfileResult; layer: LayerTime }) {
  const share = roofShare(l);
  const first = profile.sources.find((s) => s.id === l.sources[0]);
  return (
    <>
      <b>
        {l.layer + 1} · {l.name}
      </b>
      <div className="mono muted">{l.tactic}</div>
      {first && (
        <div>
          {first.name || first.op}
          {l.sources.length > 1 && <span className="muted"> + {plural(l.sources.length - 1, 'operator')}</span>}
        </div>
      )}
      <dl>
        <dt>Median</dt>
        <dd>{timeText(l.median)}</dd>
        {l.flops > 0 && (
          <>
            <dt>Arithmetic</dt>
            <dd>
              {flopsText(l.flops)} {dtypeName(l.dtype)}, {rateText(l.flops, l.median, 'FLOP/s')}
            </dd>
          </>
        )}
        <dt>Traffic</dt>
        <dd>
          {bytesText(l.bytes)}, {rateText(l.bytes, l.median, 'B/s')}
        </dd>
        {share !== null && (
          <>
            <dt>Of the ceiling</dt>
            <dd>{percentText(share)}</dd>
          </>
        )}
        {l.conversion && (
          <>
            <dt>Converts</dt>
            <dd>
              {l.conversion.from} → {l.conversion.to}
            </dd>
          </>
        )}
      </dl>
    </>
  );
}
