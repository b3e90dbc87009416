import { type ComparedLayer, type ComparedProfile, layerIds } from './profile.ts';

/** What one engine runs for a group of operators. */
export interface Cell {
  readonly layers: readonly ComparedLayer[];
  /** Sum of the layers' medians, nanoseconds. */
  readonly median: number;
}

/** The smallest set of operators that no layer of any of the engines straddles: its time is whole everywhere. */
export interface AlignedRow {
  readonly key: string;
  readonly name: string;
  readonly operators: number;
  /** Per profile; null where its engine runs nothing for them (folded, or free). */
  readonly cells: readonly (Cell | null)[];
  /** Per profile, what a selection of the row points at. */
  readonly ids: readonly (readonly string[])[];
}

export interface Alignment {
  readonly rows: readonly AlignedRow[];
  /** Operators are matched by name: the engines come from different model files. */
  readonly byName: boolean;
}

class Groups {
  private readonly parent = new Map<string, string>();
  find(key: string): string {
    let root = key;
    for (let up = this.parent.get(root); up !== undefined && up !== root; up = this.parent.get(root)) root = up;
    this.parent.set(key, root);
    return root;
  }
  join(keys: readonly string[]): void {
    const [first, ...others] = keys;
    if (first === undefined) return;
    for (const k of others) this.parent.set(this.find(k), this.find(first));
    this.find(first);
  }
}

const REST = 'no operator';

/** Lines profiles up by original operator; a group that one kernel serves stays a group, its time is never split. */
export function alignProfiles(profiles: readonly ComparedProfile[]): Alignment {
  const byName = new Set(profiles.map((p) => p.engine.modelHash)).size > 1;
  const operators = profiles.map((p) => new Map(p.sources.map((s) => [s.id, s])));
  const keyOf = (at: number, id: string): string => {
    if (!byName) return id;
    const s = operators[at]!.get(id);
    return s && s.name !== '' ? `${s.op} ${s.name}` : `${profiles[at]!.id} ${id}`;
  };
  const groups = new Groups();
  profiles.forEach((p, at) => {
    for (const l of p.layers) groups.join(l.sources.map((s) => keyOf(at, s)));
  });
  const rows = new Map<string, { members: Map<string, string>; cells: ComparedLayer[][] }>();
  const rowOf = (key: string): { members: Map<string, string>; cells: ComparedLayer[][] } => {
    const known = rows.get(key);
    if (known) return known;
    const made = { members: new Map<string, string>(), cells: profiles.map((): ComparedLayer[] => []) };
    rows.set(key, made);
    return made;
  };
  profiles.forEach((p, at) => {
    for (const l of p.layers) {
      const first = l.sources[0];
      const row = rowOf(first === undefined ? REST : groups.find(keyOf(at, first)));
      row.cells[at]!.push(l);
      for (const s of l.sources) {
        const key = keyOf(at, s);
        const known = operators[at]!.get(s);
        if (!row.members.has(key)) row.members.set(key, known?.name || known?.op || s);
      }
    }
  });
  const aligned = [...rows].map(([key, { members, cells }]): AlignedRow => {
    const names = [...members.values()];
    const more = names.length > 1 ? ` + ${names.length - 1}` : '';
    return {
      key,
      name: key === REST ? 'Reformats and copies' : `${names[0]}${more}`,
      operators: members.size,
      cells: cells.map((layers) =>
        layers.length === 0 ? null : { layers, median: layers.reduce((s, l) => s + l.median, 0) },
      ),
      ids: cells.map((layers, at) => [...new Set(layers.flatMap((l) => layerIds(profiles[at]!, l)))]),
    };
  });
  return { rows: aligned, byName };
}
