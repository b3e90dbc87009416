import type { LayerTime, ProfileResult } from '../../../electron/ipc/schemas/profile.ts';
import { dtypeName, roofShare } from '../../profile/summary.ts';
import { readersOf } from '../../profile/transitions.ts';
import { selectProfileLayer } from '../../store/actions/select.ts';
import { Section, Stat } from '../../ui/Frame.tsx';
import { bytesText, countText, flopsText, middleCut, percentText, rateText, timeText } from '../../ui/format.ts';

function Rows({ rows }: { rows: readonly (readonly [string, string])[] }) {
  return (
    <dl className="attributes">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="selectable">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Neighbours({ title, layers }: { title: string; layers: readonly LayerTime[] }) {
  if (layers.length === 0) return null;
  return (
    <Section title={title}>
      <ul className="tensors">
        {layers.map((l) => (
          <li key={l.layer}>
            <button type="button" className="link" onClick={() => selectProfileLayer(l)}>
              {l.layer + 1} · {l.name}
            </button>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** Everything that a profile holds of one layer. */
export function LayerCard({ profile, layer: l }: { profile: ProfileResult; layer: LayerTime }) {
  const share = roofShare(l);
  const { facts } = l;
  const device: (readonly [string, string])[] = [];
  if (facts?.kernels !== undefined) device.push(['Kernels', countText(facts.kernels)]);
  if (facts?.registers !== undefined) device.push(['Registers a thread', countText(facts.registers)]);
  if (facts?.sharedBytes !== undefined) device.push(['Shared memory', bytesText(facts.sharedBytes)]);
  if (facts?.occupancy !== undefined) device.push(['Occupancy', percentText(facts.occupancy)]);
  return (
    <div className="inspector">
      <h2>{l.name}</h2>
      <p className="muted">
        Layer {l.layer + 1} of {profile.layers.length}
        {profile.layers.some((x) => x.stream > 0) ? ` · stream ${l.stream}` : ''}
      </p>
      <div className="stats">
        <Stat label="Median" value={timeText(l.median)} />
        <Stat label="p99" value={timeText(l.p99)} />
        <Stat
          label="Of ceiling"
          value={share === null ? '–' : percentText(share)}
          title="The least time that the ceilings allow, over the median"
        />
      </div>
      <Section title="Kernel">
        <p className="mono selectable">{l.tactic}</p>
        {device.length > 0 && <Rows rows={device} />}
      </Section>
      <Section title="Work">
        <Rows
          rows={[
            ['Computes in', dtypeName(l.dtype)],
            ['Output', `${l.output.dtype} ${l.output.shape} ${l.output.layout}`],
            ['Operations', l.flops > 0 ? `${flopsText(l.flops)}, ${rateText(l.flops, l.median, 'FLOP/s')}` : 'none'],
            ['Bytes', `${bytesText(l.bytes)}, ${rateText(l.bytes, l.median, 'B/s')}`],
            ...(l.conversion ? ([['Converts', `${l.conversion.from} → ${l.conversion.to}`]] as const) : []),
          ]}
        />
      </Section>
      <Neighbours title="Reads from" layers={l.inputs.flatMap((k) => profile.layers[k] ?? [])} />
      <Neighbours title="Read by" layers={readersOf(profile.layers, l.layer)} />
      <Section title={l.sources.length > 1 ? `Made from ${l.sources.length} operators` : 'Made from'}>
        {l.sources.length === 0 && <p className="muted">No operator of the model: the builder put it in.</p>}
        <ul className="tensors">
          {l.sources.map((id) => {
            const s = profile.sources.find((x) => x.id === id);
            return (
              <li key={id}>
                <span>{s?.op ?? 'operator'}</span>
                <span className="muted selectable">{middleCut(s?.name ?? '', 30)}</span>
              </li>
            );
          })}
        </ul>
      </Section>
    </div>
  );
}
