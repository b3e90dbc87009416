import { useComputedColorScheme } from '@mantine/core';
import { useMemo } from 'react';
import type { ProfileResult } from '../../../electron/ipc/schemas/profile.ts';
import { layerIds } from '../../../optimizer/engine/profile/compare/profile.ts';
import { useCategories } from '../../profile/useCategories.ts';
import { hover, selectProfileLayer } from '../../store/actions/select.ts';
import { useStudio } from '../../store/store.ts';
import { CutName } from '../../ui/CutName.tsx';
import { Empty } from '../../ui/Frame.tsx';
import { bytesText, percentText } from '../../ui/format.ts';
import { BoxScene } from '../../ui/scene/BoxScene.tsx';
import type { Box } from '../../ui/scene/draw.ts';
import { CATEGORY, DARK, LIGHT } from '../../ui/tokens.ts';
import { type Block, culprits, memoryScene } from './scene.ts';

function Culprits({ profile }: { profile: ProfileResult }) {
  const { peak, arena, lowerBound, withoutReuse } = profile.memory;
  const selection = useStudio((s) => s.selection);
  const rows = useMemo(() => culprits(profile), [profile]);
  const layerOf = (b: Block) => profile.layers[b.layer >= 0 ? b.layer : b.from]!;
  return (
    <aside className="culprits" aria-label="Alive at the peak">
      <h3>{bytesText(peak.bytes)} alive at the peak</h3>
      <p className="muted">
        While layer {peak.layer + 1} runs ({profile.layers[peak.layer]?.name}). The arena is {bytesText(arena)}
        {arena > lowerBound
          ? `, ${percentText(arena / Math.max(1, lowerBound) - 1)} above what must be alive at once`
          : ''}
        ; without reuse it would be {bytesText(withoutReuse)}.
      </p>
      <ul>
        {rows.map((b) => {
          const layer = layerOf(b);
          const ids = layerIds(profile, layer);
          return (
            <li key={`${b.kind}${b.name}${b.offset}`}>
              <button
                type="button"
                data-source-id={ids.join(' ')}
                aria-pressed={ids.some((s) => selection.has(s))}
                title={`${b.name}\nlayers ${b.from + 1} to ${b.to + 1}`}
                onClick={() => selectProfileLayer(layer)}
                onMouseEnter={() => hover(ids)}
                onMouseLeave={() => hover([])}
              >
                <CutName text={b.name || 'unnamed'} />
                <span className="kind-bar">
                  <i style={{ width: `${(100 * b.bytes) / Math.max(1, rows[0]!.bytes)}%` }} />
                </span>
                <b>{bytesText(b.bytes)}</b>
              </button>
            </li>
          );
        })}
      </ul>
    </aside>
  );
}

function Plan({ profile }: { profile: ProfileResult }) {
  const dark = useComputedColorScheme('light') === 'dark';
  const category = useCategories();
  const data = useMemo(() => {
    const scheme = dark ? 'dark' : 'light';
    return memoryScene(profile, (c) => CATEGORY[c][scheme], category, (dark ? DARK : LIGHT).strongBorder);
  }, [profile, category, dark]);
  const blockOf = (b: Box): Block => profile.memory.blocks[Number(b.key.slice(6))]!;
  return (
    <BoxScene
      label={`Memory plan: ${profile.memory.blocks.length} values over ${profile.layers.length} layers in ${bytesText(profile.memory.arena)}`}
      data={data}
      tip={(box) => {
        const b = blockOf(box);
        return (
          <>
            <b>{b.name || 'unnamed'}</b>
            <dl>
              <dt>Size</dt>
              <dd>{bytesText(b.bytes)}</dd>
              <dt>Address</dt>
              <dd>
                {bytesText(b.offset)} to {bytesText(b.offset + b.bytes)}
              </dd>
              <dt>Layers</dt>
              <dd>{b.from === b.to ? b.from + 1 : `${b.from + 1} to ${b.to + 1}`}</dd>
              {b.layer >= 0 && (
                <>
                  <dt>Written by</dt>
                  <dd>{profile.layers[b.layer]!.name}</dd>
                </>
              )}
            </dl>
          </>
        );
      }}
      onPick={(box) => {
        const b = blockOf(box);
        selectProfileLayer(profile.layers[b.layer >= 0 ? b.layer : b.from]!);
      }}
    />
  );
}

/** The arena of activations as rectangles of address over time, and what its size comes from. */
export default function Memory() {
  const profile = useStudio((s) => s.profile);
  if (!profile)
    return <Empty text="The memory plan appears here once the engine has been profiled." command="run.profile" />;
  if (profile.memory.blocks.length === 0) {
    return <Empty text="This engine keeps nothing between its layers: there is no arena to show." />;
  }
  return (
    <div className="memory">
      <Plan profile={profile} />
      <Culprits profile={profile} />
    </div>
  );
}
