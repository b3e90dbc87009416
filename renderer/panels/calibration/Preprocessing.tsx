import { NumberInput, Select } from '@mantine/core';
import type { ImageSettings } from '../../../electron/ipc/schemas/precision.ts';
import { changeData, changeImage } from '../../store/actions/precision/data.ts';
import { useStudio } from '../../store/store.ts';
import { Section } from '../../ui/Frame.tsx';
import { Numbers } from './Numbers.tsx';
import { NORMALIZATIONS, normalizationOf } from './normalization.ts';

const RESIZE = [
  { value: 'stretch', label: 'Stretch' },
  { value: 'crop', label: 'Crop the centre' },
  { value: 'pad', label: 'Fit, black around' },
];
const CHANNELS = [
  { value: 'rgb', label: 'RGB' },
  { value: 'bgr', label: 'BGR' },
  { value: 'gray', label: 'Grey' },
];
const LAYOUT = [
  { value: 'auto', label: 'As the shape shows' },
  { value: 'nchw', label: 'NCHW' },
  { value: 'nhwc', label: 'NHWC' },
];

/** Width and height of images where the model leaves them open. */
function Size({ image }: { image: ImageSettings }) {
  const [w, h] = image.size ?? [null, null];
  const put = (width: number | null, height: number | null): void => {
    const size = width ?? height;
    changeImage({ size: size === null ? null : [width ?? size, height ?? size] });
  };
  return (
    <div className="form form-row">
      <NumberInput
        label="Width"
        placeholder="model's"
        size="xs"
        min={1}
        value={w ?? ''}
        onChange={(v) => put(typeof v === 'number' && v >= 1 ? Math.round(v) : null, h)}
      />
      <NumberInput
        label="Height"
        placeholder="model's"
        size="xs"
        min={1}
        value={h ?? ''}
        onChange={(v) => put(w, typeof v === 'number' && v >= 1 ? Math.round(v) : null)}
      />
    </div>
  );
}

const isRaw = (path: string): boolean => /\.(bin|raw|dat)$/i.test(path);

/** What raw binaries hold, where it is not what the model wants. */
function Raw() {
  const raw = useStudio((s) => s.choices.precision.data?.raw ?? null);
  if (!raw) return null;
  return (
    <Section title="Raw binary">
      <div className="form">
        <Select
          label="Type"
          size="xs"
          data={['float32', 'float64', 'float16', 'uint8', 'int8', 'int32', 'int64']}
          placeholder="the input's own"
          clearable
          value={raw.dtype}
          onChange={(dtype) => changeData({ raw: { ...raw, dtype } })}
        />
        <Numbers
          label="Shape of one sample"
          placeholder="the input's own"
          values={raw.shape ?? []}
          onChange={(shape) => changeData({ raw: { ...raw, shape: shape.length > 0 ? shape : null } })}
          whole
        />
      </div>
    </Section>
  );
}

/** How pixels become numbers: it has to be what the network was trained with. */
export function Preprocessing() {
  const image = useStudio((s) => s.choices.precision.data?.image ?? null);
  const images = useStudio((s) => s.precision.data?.images ?? s.precision.dataProblem !== null);
  const raw = useStudio((s) => isRaw(s.choices.precision.data?.path ?? ''));
  if (raw) return <Raw />;
  if (!image || !images) return null;
  const preset = normalizationOf(image);
  return (
    <Section title="Preprocessing">
      <div className="form">
        <Select
          label="Normalization"
          description="x = (pixel · scale − mean) / std"
          size="xs"
          allowDeselect={false}
          data={[
            ...NORMALIZATIONS.map((n) => ({ value: n.id, label: n.title })),
            { value: 'custom', label: 'Other numbers', disabled: true },
          ]}
          value={preset}
          onChange={(id) => {
            const n = NORMALIZATIONS.find((x) => x.id === id);
            if (n) changeImage({ scale: n.scale, mean: [...n.mean], std: [...n.std] });
          }}
        />
        <Numbers
          label="Scale"
          values={[image.scale]}
          onChange={([scale]) => scale !== undefined && changeImage({ scale })}
        />
        <Numbers label="Mean" values={image.mean} onChange={(mean) => changeImage({ mean })} />
        <Numbers label="Standard deviation" values={image.std} onChange={(std) => changeImage({ std })} />
      </div>
      <div className="form form-row">
        <Select
          label="Resize"
          size="xs"
          allowDeselect={false}
          data={RESIZE}
          value={image.resize}
          onChange={(v) => v && changeImage({ resize: v as ImageSettings['resize'] })}
        />
        <Select
          label="Channels"
          size="xs"
          allowDeselect={false}
          data={CHANNELS}
          value={image.channels}
          onChange={(v) => v && changeImage({ channels: v as ImageSettings['channels'] })}
        />
      </div>
      {image.resize === 'crop' && (
        <div className="form">
          <NumberInput
            label="Shortest side before the crop"
            placeholder="8/7 of the input"
            size="xs"
            min={1}
            value={image.shortestSide ?? ''}
            onChange={(v) => changeImage({ shortestSide: typeof v === 'number' && v >= 1 ? Math.round(v) : null })}
          />
        </div>
      )}
      <Size image={image} />
      <div className="form">
        <Select
          label="Layout"
          size="xs"
          allowDeselect={false}
          data={LAYOUT}
          value={image.layout ?? 'auto'}
          onChange={(v) => changeImage({ layout: v === 'nchw' || v === 'nhwc' ? v : null })}
        />
      </div>
    </Section>
  );
}
