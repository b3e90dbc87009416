import type { ModelSummary } from '../../../electron/ipc/schemas/graph.ts';
import type { Choices } from '../../store/state.ts';
import { shellWord } from '../../ui/format.ts';

/** The command that builds the same engine: model, switches, device, threads and shapes. */
export function cliCommand(
  model: Pick<ModelSummary, 'path' | 'name' | 'inputs' | 'symbols'>,
  choices: Choices,
  threads: number,
): string {
  const words = [
    'npx',
    'sinter',
    'build',
    shellWord(model.path),
    '-o',
    shellWord(model.name.replace(/\.[^.]+$/, '.sinter')),
  ];
  words.push('--threads', String(threads));
  for (const p of choices.passes) words.push('--disable', shellWord(p));
  for (const a of choices.applications) words.push('--disable-fusion', shellWord(a));
  for (const input of model.inputs) {
    const shape = input.type.slice(input.type.indexOf(' ') + 1);
    if (!model.symbols.some((s) => shape.split('×').includes(s))) continue;
    const sizes = shape.split('×').map((d) => String(choices.shapes[d] ?? d));
    words.push('--shape', shellWord(`${input.name}=${sizes.join('x')}`));
  }
  return words.join(' ');
}

const SETS: readonly [string, string][] = [
  ['amx', 'AMX'],
  ['vnni', 'AVX-512 VNNI'],
  ['avx512', 'AVX-512'],
  ['avx2', 'AVX2'],
];

/** Which CPUs an engine runs on, read from the names of its kernels. */
export function whereItRuns(tactics: readonly string[]): string {
  const need = SETS.find(([set]) => tactics.some((t) => t.includes(`__${set}`) || t.includes(`_${set}_`)));
  return need ? `Runs on CPUs with ${need[1]}; on others it is refused with the reason.` : 'Runs on any x86-64 CPU.';
}
