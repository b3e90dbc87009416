import { dtypeNumber, encodeDim, SymbolTable } from '../engine/encode.ts';
import {
  type AttributeMessage,
  type DimExprMessage,
  type LayerMessage,
  type ProgramMessage,
  type ValueMessage,
  VIEW_PERMUTE,
  VIEW_RESHAPE,
  VIEW_SLICE,
} from '../engine/messages.ts';
import { encodeLayerDesc } from '../engine/schema.ts';
import { type DimExpr, evalDim } from '../ir/dim.ts';
import type { Binding, LayerAttr, Plan, PlanLayer, PlanValue, Program } from './plan.ts';
import type { StoredType } from './planSearch/format.ts';

export function encodeAttrs(attrs: Readonly<Record<string, LayerAttr>>): AttributeMessage[] {
  return Object.keys(attrs)
    .sort()
    .map((name) => {
      const v = attrs[name]!;
      if (typeof v === 'number') return { name, i: v };
      if (typeof v === 'string') return { name, s: v };
      if ('float' in v) return { name, f: v.float };
      if ('floats' in v) return { name, floats: { v: [...v.floats] } };
      return { name, ints: { v: [...v] } };
    });
}

export function encodeProgram(p: Program): ProgramMessage {
  return {
    inputCount: p.inputCount,
    outputs: [...p.outputs],
    code: p.code.map((i) => ({ op: i.op, args: [...i.args], dtype: dtypeNumber(i.dtype), params: [...i.params] })),
  };
}

export interface LayerPlacement {
  readonly device: string;
  readonly workspaceOffset: number;
  readonly sources: readonly number[];
}

export function encodeLayer(l: PlanLayer, dims: DimExprMessage[], at?: LayerPlacement): LayerMessage {
  return {
    name: l.name,
    op: l.op,
    attrs: encodeAttrs(l.attrs),
    inputs: [...l.inputs],
    opInputs: l.opInputs,
    outputs: [...l.outputs],
    ...(l.program ? { program: encodeProgram(l.program) } : {}),
    device: at?.device ?? '',
    tactic: l.tactic?.name ?? '',
    workspace: l.tactic?.workspace ?? 0,
    workspaceOffset: at?.workspaceOffset ?? 0,
    stream: l.stream ?? 0,
    ...(l.waits && l.waits.length > 0 ? { waits: [...l.waits] } : {}),
    sources: [...(at?.sources ?? [])],
    ...(l.dims ? { dims } : {}),
    ...(l.resolve ? { resolve: true } : {}),
  };
}

const VIEW_KIND = { slice: VIEW_SLICE, permute: VIEW_PERMUTE, reshape: VIEW_RESHAPE } as const;

export function encodeValue(v: PlanValue, symbols: SymbolTable): ValueMessage {
  return {
    name: v.name,
    dtype: dtypeNumber(v.dtype),
    shape: v.shape.map((d) => encodeDim(d, symbols)),
    layout: v.layout,
    ...quantizationOf(v),
    ...(v.external ? { external: true } : {}),
    ...(v.sequence ? { sequence: true } : {}),
    ...(v.optional ? { optional: true } : {}),
    ...(v.view
      ? {
          view: {
            of: v.view.of,
            kind: VIEW_KIND[v.view.kind],
            ...(v.view.axis === undefined ? {} : { axis: v.view.axis }),
            ...(v.view.start === undefined ? {} : { start: encodeDim(v.view.start, symbols) }),
            ...(v.view.perm ? { perm: [...v.view.perm] } : {}),
          },
        }
      : {}),
  };
}

export const dimsOf = (v: PlanValue, bind: Binding): number[] => v.shape.map((d) => evalDim(d, bind));

/** How an operand is to be stored, by value index; undefined = as the value says. */
export type StoredAs = (value: number) => StoredType | undefined;

function quantizationOf(v: StoredType | PlanValue): Partial<ValueMessage> {
  const channels = 'channelScale' in v ? v.channelScale : undefined;
  const scale = channels ? [...channels.scales] : v.scale === undefined ? [] : [v.scale];
  if (scale.length === 0) return {};
  return {
    scale,
    ...(v.zeroPoint ? { zeroPoint: v.zeroPoint } : {}),
    ...(channels ? { scaleAxis: channels.axis } : {}),
  };
}

/**
 * A layer alone with concrete shapes, for `enumerate` and `measure`. Names are left out: equal layers, equal bytes. Operands
 * without a layout in `layouts` are left to the tactic.
 */
export const layerDescBytes = (
  plan: Plan,
  l: PlanLayer,
  bind: Binding,
  stored?: StoredAs,
  layouts?: ReadonlyMap<number, string>,
): Uint8Array => describe(plan, l, (d) => ({ kind: 0, value: evalDim(d, bind) }), stored, layouts);

/** The same with open sizes left open: equal for layers that are one at all sizes. */
export function layerForm(plan: Plan, l: PlanLayer): Uint8Array {
  const symbols = new SymbolTable();
  const form = describe(plan, l, (d) => encodeDim(d, symbols));
  return Buffer.concat([form, Buffer.from(JSON.stringify(symbols.names))]);
}

function describe(
  plan: Plan,
  l: PlanLayer,
  dim: (d: DimExpr) => DimExprMessage,
  stored?: StoredAs,
  layouts?: ReadonlyMap<number, string>,
): Uint8Array {
  const local = new Map<number, number>();
  const values: ValueMessage[] = [];
  const index = (v: number): number => {
    if (v < 0) return -1;
    const seen = local.get(v);
    if (seen !== undefined) return seen;
    const value = plan.values[v]!;
    const shape = value.shape.map(dim);
    const as = stored?.(v) ?? value;
    local.set(v, values.length);
    values.push({
      name: '',
      dtype: dtypeNumber(as.dtype),
      shape,
      layout: layouts?.get(v) ?? '',
      ...(value.weight ? { weight: 0 } : {}),
      ...quantizationOf(as),
    });
    return values.length - 1;
  };
  const inputs = l.inputs.map(index);
  const outputs = l.outputs.map(index);
  const dims = (l.dims ?? []).map(dim);
  const layer = { ...encodeLayer(l, dims), name: '', inputs, outputs };
  return encodeLayerDesc({ layer, values, symbols: [] });
}
