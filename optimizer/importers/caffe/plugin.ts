import type { AttrValue } from '../../ir/graph.ts';
import { findOp } from '../../ops/index.ts';
import type { AttrSpec } from '../../ops/op.ts';
import { Unconvertible } from '../common/emitter.ts';
import type { ConvertLayer } from './layer.ts';

/** One setting of the prototxt as the plugin's manifest types it. */
function settingOf(name: string, spec: AttrSpec, given: readonly string[]): AttrValue {
  const number = (text: string): number => {
    const x = text === 'true' ? 1 : text === 'false' ? 0 : Number(text);
    const whole = spec.type === 'int' || spec.type === 'ints';
    if (Number.isNaN(x) || (whole && !Number.isInteger(x)))
      throw new Unconvertible(`has "${name}: ${text}", which is no ${whole ? 'whole ' : ''}number`);
    return x;
  };
  if (spec.type === 'ints' || spec.type === 'floats') return given.map(number);
  const last = given[given.length - 1]!;
  return spec.type === 'string' ? last : number(last);
}

/**
 * Layers of a type that a registered plugin defines: its bottoms and blobs are the operator's inputs, the settings in the
 * layer's own block (`st_param { … }`, whatever it is called) its attributes.
 */
export function pluginLayer(type: string): ConvertLayer | undefined {
  const def = findOp('caffe', type);
  if (!def) return undefined;
  return (c) => {
    const attrs: Record<string, AttrValue> = {};
    for (const [name, given] of Object.entries(c.layer.foreign ?? {})) {
      const spec = def.attrs[name];
      if (spec) attrs[name] = settingOf(name, spec, given);
    }
    const blobs = Array.from({ length: c.blobCount }, (_, i) => c.blob(i, c.blobDims(i)!));
    return c.e.nodes(type, [...c.bottoms, ...blobs], attrs, c.layer.top.length, 'caffe');
  };
}
