import type { MeasurePolicy } from '../../runtime.ts';

/** How much building time auto-tuning may take. */
export type TuningLevel = 0 | 1 | 2 | 3 | 4 | 5;
export const DEFAULT_LEVEL: TuningLevel = 3;

export interface LevelPolicy {
  /** Tactics timed per layer and storage format, best estimates first. */
  readonly tactics: number;
  /** Tactics whose estimate is this many times the layer's best are not timed. */
  readonly far: number;
  /** Whether the reformats between formats are timed too. */
  readonly reformats: boolean;
  /** Whether whole engines are timed: on one stream and on several. */
  readonly engines: boolean;
  /** Whether libraries that are not allowed are timed too, to tell what they would give. */
  readonly libraries: boolean;
  readonly measure: MeasurePolicy;
}

const MIB = 1024 * 1024;
const samples = (least: number, most: number, milliseconds: number, rotation = 16 * MIB): MeasurePolicy => ({
  warmup: 1,
  least,
  most,
  budget: milliseconds * 1e6,
  hopeless: 1.6,
  rotation,
});

const POLICIES: Readonly<Record<Exclude<TuningLevel, 0>, LevelPolicy>> = {
  1: { tactics: 1, far: 2, reformats: false, engines: false, libraries: false, measure: samples(3, 8, 4) },
  2: { tactics: 2, far: 3, reformats: true, engines: false, libraries: false, measure: samples(3, 12, 8) },
  3: { tactics: 3, far: 4, reformats: true, engines: true, libraries: false, measure: samples(5, 25, 15) },
  4: { tactics: 6, far: 8, reformats: true, engines: true, libraries: true, measure: samples(7, 40, 40) },
  5: {
    tactics: Number.POSITIVE_INFINITY,
    far: 30,
    reformats: true,
    engines: true,
    libraries: true,
    measure: samples(9, 80, 100, 64 * MIB),
  },
};

/** Null for level 0: nothing is timed, the kernels' own estimates decide. */
export const levelPolicy = (level: TuningLevel): LevelPolicy | null => (level === 0 ? null : POLICIES[level]);

/** Undefined when it is no level. */
export function parseLevel(text: string): TuningLevel | undefined {
  return /^[0-5]$/.test(text) ? (Number(text) as TuningLevel) : undefined;
}
