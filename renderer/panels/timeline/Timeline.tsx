import { useComputedColorScheme } from '@mantine/core';
import { useMemo } from 'react';
import type { ProfileResult } from '../../../electron/ipc/schemas/profile.ts';
import { LayerTip } from '../../profile/LayerTip.tsx';
import { useCategories } from '../../profile/useCategories.ts';
import { selectProfileLayer } from '../../store/actions/select.ts';
import { useStudio } from '../../store/store.ts';
import { Empty } from '../../ui/Frame.tsx';
import { bytesText, plural } from '../../ui/format.ts';
import { BoxScene } from '../../ui/scene/BoxScene.tsx';
import type { Box } from '../../ui/scene/draw.ts';
import { CATEGORY, DARK, LIGHT } from '../../ui/tokens.ts';
import { layerOfKey, liveBytes, timelineScene } from './timeline.ts';

const LANE = 74;

function Lanes({ profile }: { profile: ProfileResult }) {
  const dark = useComputedColorScheme('light') === 'dark';
  const category = useCategories();
  const data = useMemo(() => {
    const scheme = dark ? 'dark' : 'light';
    const t = dark ? DARK : LIGHT;
    return timelineScene(profile, (c) => CATEGORY[c][scheme], category, { roof: t.accent, alive: t.strongBorder });
  }, [profile, category, dark]);
  const live = useMemo(() => liveBytes(profile), [profile]);
  const tip = (b: Box) => {
    const layer = profile.layers[layerOfKey(b.key)]!;
    return (
      <>
        <LayerTip profile={profile} layer={layer} />
        <p className="muted">{bytesText(live[layer.layer]!)} alive while it runs</p>
      </>
    );
  };
  return (
    <BoxScene
      label={`Timeline of one run: ${plural(profile.layers.length, 'layer')} on ${plural(data.lanes!.filter((l) => /stream|Layers/i.test(l.text)).length, 'lane')}`}
      data={data}
      tallest={LANE * data.lanes!.length}
      tip={tip}
      onPick={(b) => selectProfileLayer(profile.layers[layerOfKey(b.key)]!)}
    />
  );
}

/** The run nearest to the median: when each layer ran, on which stream. */
export default function Timeline() {
  const profile = useStudio((s) => s.profile);
  if (!profile)
    return <Empty text="The timeline of a run appears here once the engine has been profiled." command="run.profile" />;
  return <Lanes profile={profile} />;
}
