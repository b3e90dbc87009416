import { ActionIcon, Button, NumberInput, SegmentedControl } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import type { DimensionRanges } from '../../../electron/ipc/schemas/build.ts';
import { choose } from '../../store/actions/choices.ts';
import { get, useStudio } from '../../store/store.ts';
import { ENDS, type End, movedEnd } from './range.ts';

/** The sizes of the open dimensions that everything but the engine runs at: those of the first profile. */
const best = (profile: DimensionRanges): Record<string, number> =>
  Object.fromEntries(Object.entries(profile).map(([s, r]) => [s, r.opt]));

const chooseProfiles = (profiles: readonly DimensionRanges[]): void =>
  choose({ profiles, ...(profiles[0] ? { shapes: best(profiles[0]) } : {}) }, 'profiles');

function Fixed({ symbols }: { symbols: readonly string[] }) {
  const shapes = useStudio((s) => s.choices.shapes);
  return symbols.map((s) => (
    <NumberInput
      key={s}
      label={`Dimension ${s}`}
      description="The engine is built for this size"
      size="xs"
      min={1}
      value={shapes[s] ?? ''}
      error={shapes[s] === undefined ? 'Give a size' : undefined}
      onChange={(v) => {
        if (typeof v === 'number' && v >= 1) choose({ shapes: { ...get().choices.shapes, [s]: Math.round(v) } });
      }}
    />
  ));
}

function Profile({ index, symbols }: { index: number; symbols: readonly string[] }) {
  const profiles = useStudio((s) => s.choices.profiles);
  const profile = profiles[index]!;
  // What stands now, not what was drawn: two fields may change before the next drawing.
  const put = (symbol: string, end: End, size: number): void =>
    chooseProfiles(
      get().choices.profiles.map((p, i) =>
        i === index ? { ...p, [symbol]: movedEnd(p[symbol] ?? { min: size, opt: size, max: size }, end, size) } : p,
      ),
    );
  return (
    <fieldset className="ranges">
      <legend>
        Profile {index}
        {profiles.length > 1 && (
          <ActionIcon
            size="xs"
            variant="subtle"
            aria-label={`Remove profile ${index}`}
            title={`Remove profile ${index}`}
            onClick={() => chooseProfiles(profiles.filter((_, i) => i !== index))}
          >
            <IconTrash size={12} />
          </ActionIcon>
        )}
      </legend>
      <div className="range muted" aria-hidden>
        <span />
        {ENDS.map(([end, title]) => (
          <span key={end}>{title}</span>
        ))}
      </div>
      {symbols.map((s) => (
        <div key={s} className="range" role="group" aria-label={`Dimension ${s} of profile ${index}`}>
          <span className="mono">{s}</span>
          {ENDS.map(([end, title]) => (
            <NumberInput
              key={end}
              size="xs"
              min={1}
              aria-label={`${title} ${s}, profile ${index}`}
              title={title}
              value={profile[s]?.[end] ?? ''}
              onChange={(v) => typeof v === 'number' && v >= 1 && put(s, end, Math.round(v))}
            />
          ))}
        </div>
      ))}
    </fieldset>
  );
}

/** Sizes of the dimensions that the model leaves open: fixed, or ranges in one or several optimization profiles. */
export function Dimensions() {
  const symbols = useStudio((s) => s.model?.symbols) ?? [];
  const profiles = useStudio((s) => s.choices.profiles);
  if (symbols.length === 0) return null;
  const fresh = (): DimensionRanges => {
    const { shapes } = get().choices;
    return Object.fromEntries(symbols.map((s) => [s, { min: 1, opt: shapes[s] ?? 1, max: shapes[s] ?? 1 }]));
  };
  return (
    <>
      <SegmentedControl
        size="xs"
        aria-label="Open dimensions"
        data={[
          { value: 'fixed', label: 'Fixed sizes' },
          { value: 'ranges', label: 'Ranges' },
        ]}
        value={profiles.length > 0 ? 'ranges' : 'fixed'}
        onChange={(v) => (v === 'ranges' ? chooseProfiles([fresh()]) : choose({ profiles: [] }))}
      />
      {profiles.length === 0 ? (
        <Fixed symbols={symbols} />
      ) : (
        <>
          <p className="muted">
            Least, best and most: kernels are chosen at the best size, memory is laid out for the most. A run takes the profile
            that fits.
          </p>
          {profiles.map((_, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a profile is its number
            <Profile key={i} index={i} symbols={symbols} />
          ))}
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<IconPlus size={12} />}
            onClick={() => chooseProfiles([...profiles, profiles.at(-1)!])}
          >
            Add a profile
          </Button>
        </>
      )}
    </>
  );
}
