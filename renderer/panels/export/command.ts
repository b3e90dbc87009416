import type { LibrarySource } from '../../../electron/ipc/schemas/build.ts';
import type { Given, ModelSummary } from '../../../electron/ipc/schemas/graph.ts';
import type { CalibrationView, DataChoice } from '../../../electron/ipc/schemas/precision.ts';
import { DEFAULT_IMAGE, needsRanges } from '../../store/precision.ts';
import type { Choices } from '../../store/state.ts';
import { shellWord } from '../../ui/format.ts';
import { numbersText } from '../../ui/numbers.ts';

/** `given` is what the user added to the file when opening it. */
type Model = Pick<ModelSummary, 'path' | 'name' | 'inputs' | 'symbols'> & { readonly given?: Given };
type Calibration = Pick<CalibrationView, 'origin' | 'path' | 'made' | 'status'>;

const stemOf = (model: Model): string => model.name.replace(/\.[^.]+$/, '');

/** Switches of the optimizer, the same for every command that runs the passes. */
function switches(choices: Choices): string[] {
  return [
    ...choices.passes.flatMap((p) => ['--disable', shellWord(p)]),
    ...choices.applications.flatMap((a) => ['--disable-fusion', shellWord(a)]),
  ];
}

/** The other file of a Caffe pair, and shapes that the file does not say. */
function givenFlags({ given = {} }: Model): string[] {
  const shapes = Object.entries(given.shapes ?? {}).flatMap(([name, dims]) => [
    '--shape',
    shellWord(`${name}=${dims.length === 0 ? 'scalar' : dims.join('x')}`),
  ]);
  return [...(given.weights === undefined ? [] : ['--weights', shellWord(given.weights)]), ...shapes];
}

/** Sizes of open dimensions: fixed shapes, or the ranges of one or several optimization profiles. */
function shapes(model: Model, choices: Choices): string[] {
  if (choices.profiles.length > 0) {
    return choices.profiles.flatMap((p, i) => [
      ...(choices.profiles.length > 1 ? ['--profile', String(i)] : []),
      ...Object.entries(p).flatMap(([s, r]) => ['--range', shellWord(`${s}=${r.min},${r.opt},${r.max}`)]),
    ]);
  }
  return model.inputs.flatMap((input) => {
    const shape = input.type.slice(input.type.indexOf(' ') + 1);
    if (!model.symbols.some((s) => shape.split('×').includes(s))) return [];
    const sizes = shape.split('×').map((d) => String(choices.shapes[d] ?? d));
    return ['--shape', shellWord(`${input.name}=${sizes.join('x')}`)];
  });
}

/** The flags of `sinter calibrate` and `sinter evaluate` that read the same samples in the same way. */
export function dataFlags(data: DataChoice): string[] {
  const { image, raw } = data;
  const same = (a: readonly number[], b: readonly number[]): boolean => numbersText(a) === numbersText(b);
  const flags: (readonly [flag: string, value: string | null])[] = [
    ['--data', data.path],
    ['--labels', data.labels],
    ['--samples', data.samples === null ? null : String(data.samples)],
    ['--batch', data.batch === 1 ? null : String(data.batch)],
    ['--resize', image.resize === DEFAULT_IMAGE.resize ? null : image.resize],
    ['--shortest-side', image.shortestSide === null ? null : String(image.shortestSide)],
    ['--size', image.size === null ? null : image.size.join('x')],
    ['--layout', image.layout],
    ['--channels', image.channels === DEFAULT_IMAGE.channels ? null : image.channels],
    ['--scale', same([image.scale], [DEFAULT_IMAGE.scale]) ? null : numbersText([image.scale])],
    ['--mean', same(image.mean, DEFAULT_IMAGE.mean) ? null : numbersText(image.mean)],
    ['--std', same(image.std, DEFAULT_IMAGE.std) ? null : numbersText(image.std)],
    ['--raw-dtype', raw.dtype],
    ['--raw-shape', raw.shape === null ? null : raw.shape.join('x')],
  ];
  return flags.flatMap(([flag, value]) => (value === null ? [] : [flag, shellWord(value.replaceAll(', ', ','))]));
}

function algorithmFlags(name: string): string[] {
  const [kind, percent] = name.split(':');
  return percent === undefined
    ? ['--algorithm', shellWord(name)]
    : ['--algorithm', shellWord(kind ?? name), '--percentile', shellWord(percent)];
}

const SOURCE_OPTION: Readonly<Record<LibrarySource, string>> = { cublaslt: 'CUBLAS_LT', cudnn: 'CUDNN' };

/** How kernels are chosen. */
function tuningFlags({ device, tuning }: Choices): string[] {
  const { level, pin, forbid, auxStreams, libraries, timings } = tuning;
  const cache: string[] = [];
  if (timings === 'none') cache.push('--no-timing-cache');
  else if (timings !== 'shared') cache.push('--timing-cache', shellWord(timings.file));
  return [
    ...(level === 3 ? [] : ['--level', String(level)]),
    ...(level === 0 ? [] : cache),
    ...(level === 0 || !tuning.deterministic ? [] : ['--deterministic']),
    ...(device === 'cpu' || auxStreams === null ? [] : ['--max-aux-streams', String(auxStreams)]),
    ...(device === 'cpu' || libraries.length === 0
      ? []
      : ['--tactic-sources', libraries.map((l) => `+${SOURCE_OPTION[l]}`).join(',')]),
    ...Object.entries(pin).flatMap(([source, tactic]) => ['--pin-tactic', shellWord(`${source}=${tactic}`)]),
    ...forbid.flatMap((f) => ['--forbid-tactic', shellWord(f)]),
  ];
}

export interface Commands {
  readonly lines: readonly string[];
  /** What has to be exported first, where no command could make it. */
  readonly needs: 'calibration' | null;
}

/**
 * The commands that build the same engine: model, switches, device, threads, shapes, precision. Ranges are calibrated again
 * from the same samples; where a person moved thresholds, where they came from a file or from samples that are no longer
 * the chosen ones (`stale`), it is `exported` or that file.
 */
export function cliCommands(
  model: Model,
  choices: Choices,
  threads: number,
  calibration: Calibration | null = null,
  exported: string | null = null,
  stale = false,
): Commands {
  const stem = stemOf(model);
  const { kind, data, algorithm, thresholds, pins } = choices.precision;
  const lines: string[] = [];
  const precision: string[] = tuningFlags(choices);
  let needs: Commands['needs'] = null;
  if (kind !== 'fp32') precision.push('--precision', kind);
  if (choices.precision.fastFp32) precision.push('--fast-fp32');
  if (needsRanges(choices.precision) && calibration) {
    const asMade = Object.keys(thresholds).length === 0 && algorithm === calibration.made;
    let file = exported;
    if (file === null && calibration.origin !== 'run' && asMade) file = calibration.path;
    if (
      file === null &&
      !stale &&
      calibration.origin === 'run' &&
      calibration.status === 'complete' &&
      data &&
      Object.keys(thresholds).length === 0
    ) {
      file = `${stem}.calib`;
      const words = [
        'npx',
        'sinter',
        'calibrate',
        shellWord(model.path),
        ...givenFlags(model),
        ...dataFlags(data),
        ...algorithmFlags(algorithm),
      ];
      lines.push([...words, ...switches(choices), '--threads', String(threads), '-o', shellWord(file)].join(' '));
    }
    if (file === null) {
      file = `${stem}.calib`;
      needs = 'calibration';
    }
    precision.push('--calibration', shellWord(file));
  }
  for (const [source, to] of Object.entries(pins)) precision.push('--pin', shellWord(`${source}=${to}`));
  const build = [
    'npx',
    'sinter',
    'build',
    shellWord(model.path),
    ...givenFlags(model),
    '-o',
    shellWord(`${stem}.sinter`),
  ];
  if (choices.device !== 'cpu') build.push('--device', shellWord(choices.device));
  build.push('--threads', String(threads), ...switches(choices), ...shapes(model, choices), ...precision);
  lines.push(build.join(' '));
  return { lines, needs };
}

const SETS: readonly [string, string][] = [
  ['amx', 'AMX'],
  ['vnni', 'AVX-512 VNNI'],
  ['avx512', 'AVX-512'],
  ['avx2', 'AVX2'],
];

/** Which machines an engine runs on, read from its device and the names of its kernels. */
export function whereItRuns(device: string, tactics: readonly string[]): string {
  if (device.startsWith('cuda'))
    return 'Runs on GPUs of this architecture with the NVIDIA driver alone; elsewhere it is refused with the reason, and can be inspected.';
  const need = SETS.find(([set]) => tactics.some((t) => t.includes(`__${set}`) || t.includes(`_${set}_`)));
  return need ? `Runs on CPUs with ${need[1]}; on others it is refused with the reason.` : 'Runs on any x86-64 CPU.';
}
