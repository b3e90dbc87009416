import { type DimExpr, dimAdd, evalDim, sameShape } from '../../ir/dim.ts';
import { bitsOf } from '../../ir/dtype.ts';
import { type Binding, type Plan, type PlanLayer, type PlanView, rootOf } from '../plan.ts';
import { type Enumerator, LINEAR } from './options.ts';
import { copyLayer } from './reformats.ts';

/** What became of a wish for a view, for the report: "written in place" or the reason for a copy. */
export interface ViewDecision {
  readonly layer: string;
  readonly value: string;
  readonly accepted: boolean;
  readonly reason: string;
}

/**
 * Resolves the layers that dissolve: Reshape becomes a view of its input, Concat inputs become slices of the result,
 * Split and Slice outputs slices of the input, a Transpose a permuted view where every reader takes strides. Whatever cannot be a
 * view becomes a Copy into or out of the slice, so nothing but Copy is left to launch.
 */
export function resolveViews(plan: Plan, enumerator: Enumerator, bind: Binding): ViewDecision[] {
  const decisions: ViewDecision[] = [];
  const use = new Uses(plan);
  const layers: PlanLayer[] = [];
  const decide = (l: PlanLayer, v: number, reason: string | null): boolean => {
    decisions.push({
      layer: l.name,
      value: plan.values[v]!.name,
      accepted: reason === null,
      reason: reason ?? 'in place',
    });
    return reason === null;
  };

  for (const l of plan.layers) {
    if (!l.viewWish || l.resolve) {
      layers.push(l);
      continue;
    }
    if (l.op === 'Reshape') {
      const [x, y] = [l.inputs[0]!, l.outputs[0]!];
      const reason = plan.values[y]!.external
        ? 'an engine output has storage of its own'
        : plan.values[rootOf(plan, x)]!.weight
          ? 'its source is a constant'
          : !isDense(plan, x)
            ? 'its input is strided'
            : null;
      if (decide(l, y, reason)) plan.values[y]!.view = { of: x, kind: 'reshape' };
      else layers.push(copyLayer(plan, x, y, enumerator, l.sources));
    } else if (l.op === 'Transpose') {
      const [x, y] = [l.inputs[0]!, l.outputs[0]!];
      if (decide(l, y, permuteRefusal(plan, use, x, y))) {
        plan.values[y]!.view = { of: x, kind: 'permute', perm: l.attrs.perm as readonly number[] };
      } else layers.push(l);
    } else if (l.op === 'Concat') {
      const y = l.outputs[0]!;
      let start: DimExpr = 0;
      const axis = l.attrs.axis as number;
      for (const x of l.inputs) {
        const view = { of: y, kind: 'slice', axis, start } as const;
        const open = enumerator.isOpen(plan, x) || enumerator.isOpen(plan, y);
        const reason = open
          ? 'its size is decided by running'
          : sliceInputRefusal(plan, use, l, x, y, evalDim(start, bind));
        if (decide(l, x, reason)) plan.values[x]!.view = view;
        else {
          const part = slicePart(plan, x, y, view);
          layers.push(copyLayer(plan, x, part, enumerator, l.sources));
        }
        start = dimAdd(start, plan.values[x]!.shape[axis]!);
      }
    } else {
      // Split, and Slice of one axis.
      const x = l.inputs[0]!;
      const axis = l.attrs.axis as number;
      let start: DimExpr = l.start ?? (l.op === 'Slice' ? (l.attrs.starts as readonly number[])[axis]! : 0);
      for (const y of l.outputs) {
        const view = { of: x, kind: 'slice', axis, start } as const;
        if (decide(l, y, sliceOutputRefusal(plan, use, view, y, evalDim(start, bind), bind)))
          plan.values[y]!.view = view;
        else {
          const part = slicePart(plan, y, x, view);
          layers.push(copyLayer(plan, part, y, enumerator, l.sources));
        }
        start = dimAdd(start, plan.values[y]!.shape[axis]!);
      }
    }
  }
  plan.layers.splice(0, plan.layers.length, ...layers);
  return decisions;
}

function slicePart(plan: Plan, like: number, whole: number, view: Plan['values'][number]['view'] & object): number {
  // A part is stored as the whole is, scale and layout included.
  const { external: _external, weight: _weight, ir: _ir, view: _view, ...stored } = plan.values[whole]!;
  plan.values.push({ ...stored, name: plan.values[like]!.name, shape: plan.values[like]!.shape, view });
  return plan.values.length - 1;
}

/** True when nothing between the value and its root is a permutation, or a slice with gaps. */
function isDense(plan: Plan, value: number): boolean {
  for (let v = plan.values[value]!; v.view; v = plan.values[v.view.of]!) {
    if (v.view.kind !== 'reshape' && !isBlock(plan, v.view)) return false;
  }
  return true;
}

/** A slice of the outermost axis that is longer than one: its elements lie together. */
function isBlock(plan: Plan, view: PlanView): boolean {
  const whole = plan.values[view.of]!;
  return (
    view.kind === 'slice' &&
    whole.layout === LINEAR &&
    view.axis !== undefined &&
    whole.shape.slice(0, view.axis).every((d) => d === 1)
  );
}

/** Kernels that want dense storage also want it to begin at a vector. */
const BLOCK_ALIGNMENT = 64;

function hasShapeViews(plan: Plan, value: number): boolean {
  return plan.values.some((v) => v.view?.of === value && v.view.kind !== 'slice');
}

/** A layer of the plan that reads or writes a value, and at which operand. */
class Uses {
  readonly readers = new Map<number, { layer: PlanLayer; index: number }[]>();
  readonly writer = new Map<number, { layer: PlanLayer; index: number }>();
  constructor(plan: Plan) {
    for (const layer of plan.layers) {
      layer.inputs.forEach((v, index) => {
        if (v < 0) return;
        const list = this.readers.get(v) ?? [];
        list.push({ layer, index });
        this.readers.set(v, list);
      });
      layer.outputs.forEach((v, index) => this.writer.set(v, { layer, index }));
    }
  }
}

const aligned = (alignment: number | undefined, offset: number): boolean =>
  alignment !== undefined && alignment > 0 && offset % alignment === 0;

/** Null when every reader of `value` can read a strided slice that starts `offset` elements in. */
function readersRefusal(plan: Plan, use: Uses, value: number, offset: number, except?: PlanLayer): string | null {
  for (const r of use.readers.get(value) ?? []) {
    if (r.layer === except || r.layer.op === 'Concat' || r.layer.op === 'Split') continue;
    if (r.layer.viewWish) return `${r.layer.op} needs it dense`;
    if (!aligned(r.layer.tactic?.inputViews[r.index], offset))
      return `${r.layer.tactic?.name ?? r.layer.op} reads dense storage only`;
  }
  return hasShapeViews(plan, value) ? 'it is also read in another shape' : null;
}

function sliceInputRefusal(
  plan: Plan,
  use: Uses,
  concat: PlanLayer,
  x: number,
  y: number,
  offset: number,
): string | null {
  const v = plan.values[x]!;
  if (v.weight) return 'it is a constant';
  if (v.external) return `it is an engine ${v.external}`;
  if (v.view)
    return v.view.kind === 'slice' ? 'it already lives in another buffer' : 'it is another value in a new shape';
  if (v.layout !== plan.values[y]!.layout) return 'its layout differs';
  if (concat.inputs.filter((i) => i === x).length > 1) return 'it is concatenated twice';
  const w = use.writer.get(x);
  if (!w) return 'no layer writes it';
  if (!w.layer.viewWish && !aligned(w.layer.tactic?.outputViews[w.index], offset)) {
    return `${w.layer.tactic?.name ?? w.layer.op} writes dense storage only`;
  }
  if (w.layer.viewWish && w.layer.op !== 'Concat') return 'it is a view itself';
  if (rootOf(plan, y) === x) return 'it holds the result';
  return readersRefusal(plan, use, x, offset, concat);
}

function sliceOutputRefusal(
  plan: Plan,
  use: Uses,
  view: PlanView,
  y: number,
  offset: number,
  bind: Binding,
): string | null {
  const x = view.of;
  const v = plan.values[y]!;
  if (v.external) return 'an engine output has storage of its own';
  if (v.view) return 'it already lives in another buffer';
  if (v.layout !== plan.values[x]!.layout) return 'its layout differs';
  if (plan.values[x]!.weight) return 'its source is a constant';
  for (const r of use.readers.get(y) ?? []) if (r.layer.op === 'Concat') return 'it is concatenated again';
  if (isBlock(plan, view) && isDense(plan, x)) {
    const inner = plan.values[x]!.shape.slice(view.axis! + 1).reduce<number>((n, d) => n * evalDim(d, bind), 1);
    if ((offset * inner * bitsOf(v.dtype)) % (8 * BLOCK_ALIGNMENT) === 0) return null;
  }
  return readersRefusal(plan, use, y, offset);
}

function permuteRefusal(plan: Plan, use: Uses, x: number, y: number): string | null {
  if (plan.values[y]!.external) return 'an engine output has storage of its own';
  if (plan.values[x]!.weight) return 'its source is a constant';
  if (plan.values[x]!.layout !== LINEAR) return 'its input is not linear';
  for (const r of use.readers.get(y) ?? []) {
    const t = r.layer.tactic;
    if (r.layer.viewWish) return `${r.layer.op} needs it dense`;
    if (t?.inputLayouts[r.index] !== '' || !aligned(t.inputViews[r.index], 0))
      return `${t?.name ?? r.layer.op} reads rows in order only`;
    // Elementwise kernels read any strides, but walking across rows costs more than one copy saves.
    if (r.layer.op !== 'MatMul' && r.layer.op !== 'Attention') return `${r.layer.op} would walk across rows`;
  }
  return sameShape(plan.values[x]!.shape, plan.values[y]!.shape) && x === y ? 'nothing to do' : null;
}
