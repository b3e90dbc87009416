import type { AttrValue } from '../../ir/graph.ts';
import type { OpDef } from '../../ops/op.ts';
import { ImportError } from '../error.ts';
import { type AttributeProto, int } from './messages.ts';
import type { TensorSource } from './tensor.ts';

/** Absent bytes decode as an empty list. */
const text = (b: Uint8Array | readonly []): string => new TextDecoder().decode(Uint8Array.from(b));

/** Numbers of AttributeProto.AttributeType. */
const TYPES = [
  '',
  'float',
  'int',
  'string',
  'tensor',
  'graph',
  'floats',
  'ints',
  'strings',
  'tensors',
  'graphs',
] as const;
type AttrType = (typeof TYPES)[number];

/** Old exporters left the type out: then the field that is there decides. */
function typeOf(a: AttributeProto): AttrType | undefined {
  if (a.type) return TYPES[a.type];
  if (a.g) return 'graph';
  if (a.t) return 'tensor';
  if (a.ints.length > 0) return 'ints';
  if (a.floats.length > 0) return 'floats';
  if (a.strings.length > 0) return 'strings';
  if (a.graphs.length > 0) return 'graphs';
  if (Object.hasOwn(a, 'f')) return 'float';
  if (Object.hasOwn(a, 's')) return 'string';
  return Object.hasOwn(a, 'i') ? 'int' : undefined;
}

/** Value of an attribute that holds no subgraph; undefined for kinds that no supported operator has. */
export function attributeValue(a: AttributeProto, tensors: TensorSource): AttrValue | undefined {
  switch (typeOf(a)) {
    case 'float':
      return a.f;
    case 'int':
      return int(a.i);
    case 'string':
      return text(a.s);
    case 'tensor':
      return a.t ? tensors.literal(a.t) : undefined;
    case 'floats':
      return [...a.floats];
    case 'ints':
      return a.ints.map(int);
    case 'strings':
      return a.strings.map(text);
    default:
      return undefined;
  }
}

/** Refuses attributes whose kind contradicts the operator's definition, so that definitions need not check. */
export function checkAttribute(def: OpDef | undefined, name: string, value: AttrValue, label: string): void {
  const want = def?.attrs[name]?.type;
  if (!want) return;
  const numbers = Array.isArray(value) && value.every((x) => typeof x === 'number');
  const fits = {
    int: typeof value === 'number' && Number.isInteger(value),
    float: typeof value === 'number',
    string: typeof value === 'string',
    ints: numbers && (value as number[]).every((x) => Number.isInteger(x)),
    floats: numbers,
    strings: Array.isArray(value) && value.every((x) => typeof x === 'string'),
    tensor: typeof value === 'object' && 'bytes' in value,
    graph: typeof value === 'object' && 'topological' in value,
  }[want];
  if (!fits)
    throw new ImportError('invalid-operator', `${label} has an attribute "${name}" that is not of the kind ${want}.`);
}
