/** Unique names in one ONNX file: the first to ask for a name gets it, others a numbered variant. */
export class Names {
  private readonly used = new Set<string>();

  /** Takes a name that must be kept as it is (an input or output of the model); false when it is taken already. */
  reserve(name: string): boolean {
    if (this.used.has(name)) return false;
    this.used.add(name);
    return true;
  }

  unique(wish: string, fallback: string): string {
    const base = wish || fallback;
    let name = base;
    for (let i = 1; this.used.has(name); i++) name = `${base}_${i}`;
    this.used.add(name);
    return name;
  }
}
