import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { caffeType } from '../../../optimizer/importers/caffe/schema.ts';
import { countOf } from '../../../optimizer/ir/tensor.ts';
import { type Dense, dense, seeded } from '../tensor.ts';

/** Settings by the names that prototxt files use; enumeration values as words. */
export type Params = Readonly<Record<string, unknown>>;

export interface Layer {
  readonly name: string;
  readonly type: string;
  readonly bottom: readonly string[];
  readonly top: readonly string[];
  /** For example { convolution_param: { num_output: 8, kernel_size: [3] } }. */
  readonly params: Readonly<Record<string, Params>>;
  readonly blobs: readonly Dense[];
}

/** Collects layers with seeded weights and writes them in Caffe's two formats. */
export class Net {
  readonly layers: Layer[] = [];
  readonly inputs: Record<string, number[]> = {};
  readonly name: string;
  private readonly next: () => number;

  constructor(name: string, seed = 17) {
    this.name = name;
    this.next = seeded(seed);
  }

  input(name: string, ...shape: number[]): string {
    this.inputs[name] = shape;
    return name;
  }
  /** Numbers in ±scale around an offset, as float32 holds them. */
  blob(shape: readonly number[], scale = 0.5, offset = 0): Dense {
    return dense(
      'float32',
      shape,
      Array.from({ length: countOf(shape) }, () => Math.fround(offset + scale * this.next())),
    );
  }
  add(
    type: string,
    name: string,
    bottom: string | readonly string[],
    params: Layer['params'] = {},
    blobs: readonly Dense[] = [],
    top: string | readonly string[] = name,
  ): string {
    this.layers.push({
      name,
      type,
      bottom: typeof bottom === 'string' ? [bottom] : bottom,
      top: typeof top === 'string' ? [top] : top,
      params,
      blobs,
    });
    return typeof top === 'string' ? top : top[0]!;
  }

  prototxt(): string {
    const inputs = Object.entries(this.inputs).map(
      ([name, shape]) =>
        `layer { name: "${name}" type: "Input" top: "${name}"\n  input_param { shape { ${shape.map((d) => `dim: ${d}`).join(' ')} } } }\n`,
    );
    return `name: "${this.name}"\n${inputs.join('')}${this.layers.map(layerText).join('')}`;
  }
  caffemodel(): Uint8Array {
    const type = caffeType('NetParameter');
    const layer = this.layers.map((l) => ({ name: l.name, type: l.type, blobs: l.blobs.map(blobMessage) }));
    return type.encode(type.create({ name: this.name, layer })).finish();
  }
  /** Writes both files; returns the path of the prototxt. */
  write(dir: string): string {
    const path = join(dir, `${this.name}.prototxt`);
    writeFileSync(path, this.prototxt());
    writeFileSync(join(dir, `${this.name}.caffemodel`), this.caffemodel());
    return path;
  }
}

export const blobMessage = (b: Dense): object => ({ shape: { dim: [...b.shape] }, data: [...b.data] });

export function layerText(l: Omit<Layer, 'blobs'>): string {
  const names = [...l.bottom.map((b) => `  bottom: "${b}"\n`), ...l.top.map((t) => `  top: "${t}"\n`)].join('');
  const params = Object.entries(l.params).map(([k, v]) => `  ${k} {${text(v)} }\n`);
  return `layer {\n  name: "${l.name}"\n  type: "${l.type}"\n${names}${params.join('')}}\n`;
}

function text(params: Params): string {
  const field = (k: string, v: unknown): string => {
    if (Array.isArray(v)) return v.map((x) => field(k, x)).join('');
    if (typeof v === 'object' && v !== null) return ` ${k} {${text(v as Params)} }`;
    // Words in capitals are enumeration values.
    return typeof v === 'string' && !/^[A-Z_]+$/.test(v) ? ` ${k}: "${v}"` : ` ${k}: ${String(v)}`;
  };
  return Object.entries(params)
    .map(([k, v]) => field(k, v))
    .join('');
}
