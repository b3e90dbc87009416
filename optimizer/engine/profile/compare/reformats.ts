import type { ComparedLayer, ComparedProfile } from './profile.ts';

/**
 * The layers that each reformat is made for: those that read it, through further reformats; at the end of an engine the one
 * that wrote it.
 */
export function reformatsAround(p: Pick<ComparedProfile, 'layers'>): ReadonlyMap<number, readonly ComparedLayer[]> {
  const byLayer = new Map(p.layers.map((l) => [l.layer, l]));
  const readers = new Map<number, ComparedLayer[]>();
  for (const l of p.layers) for (const from of l.inputs) readers.set(from, [...(readers.get(from) ?? []), l]);
  const wantedBy = (l: ComparedLayer): ComparedLayer | undefined => {
    const first = readers.get(l.layer)?.[0];
    if (first) return first.conversion ? wantedBy(first) : first;
    const writer = byLayer.get(l.inputs[0] ?? -1);
    return writer?.conversion ? undefined : writer;
  };
  const around = new Map<number, ComparedLayer[]>();
  for (const l of p.layers) {
    const owner = l.conversion ? wantedBy(l) : undefined;
    if (owner) around.set(owner.layer, [...(around.get(owner.layer) ?? []), l]);
  }
  return around;
}

/** "float32 → int8 twice, int8 → float32". */
export function conversionsText(reformats: readonly ComparedLayer[]): string {
  const kinds = new Map<string, number>();
  for (const { conversion } of reformats) {
    const kind = `${conversion?.from} → ${conversion?.to}`;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return [...kinds].map(([kind, n]) => (n === 1 ? kind : `${kind} ${n === 2 ? 'twice' : `${n} times`}`)).join(', ');
}
