import type { DeviceInfo, Profile, Tensor } from '../../runtime.ts';
import { dtypeFromNumber } from '../encode.ts';
import type { EngineMessage } from '../messages.ts';
import { engineAt, profileCount } from '../profiles.ts';
import { ceilingOf, PROFILE_KIND, PROFILE_VERSION, type ProfileCeilings, type ProfileDocument } from './document.ts';
import { describeLayers, type LayerDescription, lastWriter, shapeOf, shapeWords, symbolSizes } from './layers.ts';
import { memoryBlocks, memoryPeak } from './memory.ts';
import { type Latency, latencyOf } from './statistics.ts';

export interface Recording {
  readonly header: EngineMessage;
  readonly profile: Profile;
  /** What it ran on: the shapes say what the open dimensions were. */
  readonly inputs: Readonly<Record<string, Pick<Tensor, 'shape'>>>;
  readonly device: DeviceInfo | undefined;
  readonly ceilings: ProfileCeilings | null;
  readonly threads: number;
  readonly warmup: number;
  readonly producer: string;
  readonly recorded: Date;
}

/** A tenth of a nanosecond is below what any timer resolves: more digits would only fill the file. */
const tenth = (ns: number): number => Math.round(ns * 10) / 10;

const rounded = (l: Latency): Latency => ({
  mean: tenth(l.mean),
  median: tenth(l.median),
  p90: tenth(l.p90),
  p95: tenth(l.p95),
  p99: tenth(l.p99),
  min: tenth(l.min),
  max: tenth(l.max),
});

/** The run whose layers together took nearest to their medians: one that nothing else on the machine disturbed. */
function typicalRun(profile: Profile): number {
  const runs = profile.layers[0]?.samples.length ?? 0;
  const wanted = profile.layers.reduce((s, l) => s + latencyOf(l.samples).median, 0);
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let r = 0; r < runs; r++) {
    const off = Math.abs(profile.layers.reduce((s, l) => s + l.samples[r]!, 0) - wanted);
    if (off < least) [best, least] = [r, off];
  }
  return best;
}

function roofOf(l: LayerDescription, ceilings: ProfileCeilings | null): number | null {
  if (!ceilings) return null;
  const seconds = (amount: number, rate: number): number => (rate > 0 ? amount / rate : 0);
  const compute = seconds(l.flops, ceilingOf(ceilings, l.dtype));
  return tenth(1e9 * Math.max(compute, seconds(l.bytes, ceilings.bandwidth)));
}

function options(json: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}

/** Puts a measured run and what the engine's header says together into a document. */
export function recordProfile(r: Recording): ProfileDocument {
  const { profile } = r;
  const header = engineAt(r.header, profile.profile);
  const shapes = Object.fromEntries(Object.entries(r.inputs).map(([name, t]) => [name, t.shape]));
  const sizes = symbolSizes(header, shapes, profile.profile);
  const profiles = profileCount(r.header);
  const described = describeLayers(header, sizes);
  const binding = ({ name, value }: { name: string; value: number }) => {
    const v = header.values[value]!;
    return { name, dtype: dtypeFromNumber(v.dtype), shape: shapeWords(shapeOf(v, sizes)) };
  };
  const run = typicalRun(profile);
  const blocks = memoryBlocks(header);
  const { id, kind, name, features, cores } = r.device ?? {
    id: header.provenance.device,
    kind: header.provenance.device.replace(/:.*/, ''),
    name: header.provenance.device,
    features: header.provenance.deviceFeatures,
    cores: 0,
  };
  return {
    kind: PROFILE_KIND,
    version: PROFILE_VERSION,
    producer: r.producer,
    recorded: r.recorded.toISOString(),
    engine: {
      name: header.name || header.provenance.modelName,
      modelName: header.provenance.modelName,
      modelHash: header.provenance.modelHash,
      options: options(header.provenance.optionsJson),
      ...(profiles > 1 ? { profile: { index: profile.profile, count: profiles } } : {}),
      inputs: header.inputs.map(binding),
      outputs: header.outputs.map((b) => ({ ...binding(b), layer: lastWriter(header, b.value) })),
    },
    device: { id, kind, name, features: [...features], cores },
    ceilings: r.ceilings,
    threads: r.threads,
    warmup: r.warmup,
    samples: [...profile.total].map(tenth),
    latency: rounded(latencyOf(profile.total)),
    layers: profile.layers.map((t) => {
      const layer = header.layers[t.layer]!;
      const description = described[t.layer]!;
      return {
        layer: t.layer,
        name: layer.name,
        op: layer.op,
        tactic: layer.tactic,
        device: layer.device || header.provenance.device,
        stream: layer.stream,
        sources: layer.sources.map((i) => header.sources[i]!.id),
        ...description,
        roof: roofOf(description, r.ceilings),
        ...rounded(latencyOf(t.samples)),
        ...(t.facts ? { facts: { ...t.facts } } : {}),
      };
    }),
    ...(profile.source ? { layerTimes: profile.source } : {}),
    timeline: profile.layers.map((t) => ({
      layer: t.layer,
      start: tenth(t.starts[run] ?? 0),
      duration: tenth(t.samples[run] ?? 0),
    })),
    memory: {
      arena: header.memory.arenaBytes,
      lowerBound: header.memory.lowerBound,
      withoutReuse: header.memory.withoutReuse,
      peak: memoryPeak(blocks, header.layers.length),
      blocks,
    },
    sources: header.sources.map((s) => ({ ...s })),
  };
}
