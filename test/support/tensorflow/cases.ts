import { attr, BOOL, FLOAT, INT32, type TfGraph, window } from './graph.ts';

/** A graph with inputs x0, x1, … and outputs y0, y1, …; `numbers` makes integer inputs from 0 up to below it. */
export interface OpCase {
  readonly name: string;
  readonly inputs: readonly { readonly shape: readonly number[]; readonly type?: number; readonly below?: number }[];
  readonly make: (g: TfGraph, x: readonly string[]) => readonly string[];
}

const S = [1, 6, 7, 4];
const one = (
  name: string,
  make: (g: TfGraph, x: string) => string | readonly string[],
  shape: readonly number[] = S,
): OpCase => ({
  name,
  inputs: [{ shape }],
  make: (g, [x]) => [make(g, x!)].flat(),
});
const two = (name: string, op: string, a: readonly number[] = [2, 3, 4], b: readonly number[] = [3, 1]): OpCase => ({
  name,
  inputs: [{ shape: a }, { shape: b }],
  make: (g, x) => [g.node(op, x)],
});
const unary = (op: string): OpCase => one(`unary ${op}`, (g, x) => g.node(op, [x]), [2, 5]);
const tidx = { Tidx: attr.type(INT32) };
const flags = (o: Readonly<Record<string, boolean>>): Record<string, object> =>
  Object.fromEntries(Object.entries(o).map(([k, v]) => [k, attr.bool(v)]));

const windows = ['SAME', 'VALID'].flatMap((padding) =>
  [1, 2, 3].flatMap((stride) => [
    one(`Conv2D ${padding} ${stride}`, (g, x) =>
      g.node('Conv2D', [x, g.weight([3, 2, 4, 3])], window([1, stride, stride, 1], padding)),
    ),
    one(`DepthwiseConv2dNative ${padding} ${stride}`, (g, x) =>
      g.node('DepthwiseConv2dNative', [x, g.weight([3, 3, 4, 2])], window([1, stride, stride, 1], padding)),
    ),
    one(`MaxPool ${padding} ${stride}`, (g, x) => g.pool('MaxPool', x, 3, stride, padding)),
    one(`AvgPool ${padding} ${stride}`, (g, x) => g.pool('AvgPool', x, 3, stride, padding)),
  ]),
);

const backprop = (padding: string, stride: number, size: readonly number[]): OpCase =>
  one(`Conv2DBackpropInput ${padding} ${stride} ${size[1]}`, (g, x) =>
    g.node(
      'Conv2DBackpropInput',
      [g.ints(...size), g.weight([3, 4, 3, 4]), x],
      window([1, stride, stride, 1], padding),
    ),
  );

const resizes = ['ResizeBilinear', 'ResizeNearestNeighbor'].flatMap((op) =>
  [
    [false, false],
    [true, false],
    [false, true],
  ].flatMap(([align_corners, half_pixel_centers]) =>
    [
      [9, 14],
      [4, 5],
    ].map(([h, w]) =>
      one(`${op} ${align_corners ? 'corners' : half_pixel_centers ? 'centres' : 'plain'} ${h}`, (g, x) =>
        g.node(
          op,
          [x, g.ints(h!, w!)],
          flags({ align_corners: align_corners!, half_pixel_centers: half_pixel_centers! }),
        ),
      ),
    ),
  ),
);

/** begin, end, strides, then the five masks. */
const strided = (name: string, b: number[], e: number[], s: number[], masks: readonly number[]): OpCase =>
  one(`StridedSlice ${name}`, (g, x) =>
    g.node('StridedSlice', [x, g.ints(...b), g.ints(...e), g.ints(...s)], {
      Index: attr.type(INT32),
      ...Object.fromEntries(
        ['begin_mask', 'end_mask', 'ellipsis_mask', 'new_axis_mask', 'shrink_axis_mask'].map((k, i) => [
          k,
          attr.int(masks[i]!),
        ]),
      ),
    }),
  );

const reduce = (op: string): OpCase =>
  one(`reduce ${op}`, (g, x) => [
    g.node(op, [x, g.ints(1, 2)], { ...tidx, keep_dims: attr.bool(false) }),
    g.node(op, [x, g.ints(-1)], { ...tidx, keep_dims: attr.bool(true) }),
  ]);

export const OP_CASES: readonly OpCase[] = [
  ...windows,
  one('Conv2D dilated', (g, x) =>
    g.node('Conv2D', [x, g.weight([3, 3, 4, 3])], {
      ...window([1, 1, 1, 1], 'SAME'),
      dilations: attr.ints([1, 2, 2, 1]),
    }),
  ),
  one('Conv2D explicit', (g, x) =>
    g.node('Conv2D', [x, g.weight([3, 3, 4, 3])], {
      ...window([1, 2, 2, 1], 'EXPLICIT'),
      explicit_paddings: attr.ints([0, 0, 1, 2, 0, 1, 0, 0]),
    }),
  ),
  one(
    'Conv3D',
    (g, x) =>
      g.node('Conv3D', [x, g.weight([3, 3, 2, 2, 3])], {
        strides: attr.ints([1, 1, 2, 1, 1]),
        padding: attr.text('SAME'),
        data_format: attr.text('NDHWC'),
      }),
    [1, 4, 5, 6, 2],
  ),
  backprop('SAME', 2, [1, 12, 14, 3]),
  backprop('SAME', 2, [1, 11, 13, 3]),
  backprop('VALID', 2, [1, 13, 16, 3]),
  one('FusedBatchNorm', (g, x) =>
    ['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'].map((op) => g.batchNorm(x, 4, op)),
  ),
  one('LRN', (g, x) =>
    g.node('LRN', [x], {
      depth_radius: attr.int(1),
      bias: attr.float(1.5),
      alpha: attr.float(0.3),
      beta: attr.float(0.6),
    }),
  ),
  {
    name: 'MatMul',
    inputs: [{ shape: [4, 3] }, { shape: [5, 4] }],
    make: (g, x) => [g.node('MatMul', x, flags({ transpose_a: true, transpose_b: true }))],
  },
  {
    name: 'BatchMatMulV2',
    inputs: [{ shape: [2, 3, 4, 5] }, { shape: [2, 3, 6, 5] }],
    make: (g, x) => [g.node('BatchMatMulV2', x, flags({ adj_x: false, adj_y: true }))],
  },
  {
    name: 'Einsum',
    inputs: [{ shape: [2, 3, 4] }, { shape: [4, 2, 5] }],
    make: (g, x) => [g.node('Einsum', x, { N: attr.int(2), equation: attr.text('abc,cde->abde') })],
  },
  ...[
    'Abs',
    'Ceil',
    'Elu',
    'Erf',
    'Exp',
    'Floor',
    'Neg',
    'Reciprocal',
    'Relu',
    'Relu6',
    'Round',
    'Selu',
    'Sigmoid',
    'Sign',
    'Sin',
    'Softplus',
    'Softsign',
    'Square',
    'Tanh',
    'Softmax',
    'LogSoftmax',
  ].map(unary),
  one('Rsqrt, Log1p, LeakyRelu', (g, x) => {
    const positive = g.node('AddV2', [g.node('Abs', [x]), g.scalar(0.5)]);
    return [
      g.node('Rsqrt', [positive]),
      g.node('Log1p', [positive]),
      g.node('Sqrt', [positive]),
      g.node('LeakyRelu', [x], { alpha: attr.float(0.3) }),
    ];
  }),
  ...[
    'AddV2',
    'Sub',
    'Mul',
    'RealDiv',
    'Maximum',
    'Minimum',
    'SquaredDifference',
    'FloorDiv',
    'FloorMod',
    'DivNoNan',
  ].map((op) => two(`binary ${op}`, op)),
  {
    name: 'AddN',
    inputs: [{ shape: [2, 3] }, { shape: [2, 3] }, { shape: [2, 3] }],
    make: (g, x) => [g.node('AddN', x, { N: attr.int(3) })],
  },
  {
    name: 'comparisons and SelectV2',
    inputs: [{ shape: [2, 3] }, { shape: [3] }],
    make: (g, [a, b]) => {
      const both = g.node(
        'LogicalAnd',
        [g.node('Greater', [a!, b!]), g.node('LogicalNot', [g.node('LessEqual', [a!, g.scalar(0)])])],
        {},
      );
      return [g.node('SelectV2', [both, a!, b!])];
    },
  },
  {
    name: 'Select by rows',
    inputs: [{ shape: [2], type: BOOL }, { shape: [2, 3] }, { shape: [2, 3] }],
    make: (g, x) => [g.node('Select', x)],
  },
  ...['Mean', 'Sum', 'Max', 'Min', 'Prod'].map(reduce),
  one('ArgMax and ArgMin', (g, x) => [
    g.node('Cast', [g.node('ArgMax', [x, g.int(-1)], { ...tidx, output_type: attr.type(9) })], {
      SrcT: attr.type(9),
      DstT: attr.type(FLOAT),
    }),
    g.node('Cast', [g.node('ArgMin', [x, g.int(1)], { ...tidx, output_type: attr.type(INT32) })], {
      SrcT: attr.type(INT32),
      DstT: attr.type(FLOAT),
    }),
  ]),
  one(
    'TopKV2',
    (g, x) => {
      const t = g.node('TopKV2', [x, g.int(3)], { sorted: attr.bool(true) });
      return [t, g.node('Cast', [`${t}:1`], { SrcT: attr.type(INT32), DstT: attr.type(FLOAT) })];
    },
    [3, 8],
  ),
  strided('shrink and steps', [0, 1, -1, 3], [0, 6, 0, 4], [1, 2, -1, 1], [1, 5, 0, 0, 8]),
  strided('ellipsis and new axis', [0, 0, 1], [0, 0, 3], [1, 1, 1], [0, 0, 1, 2, 0]),
  strided('from the end', [-2, -3], [0, -1], [1, 1], [1, 1, 0, 0, 0]),
  strided('single index from the end', [0, -1], [0, 0], [1, 1], [1, 1, 0, 0, 2]),
  one('Slice', (g, x) => g.node('Slice', [x, g.ints(0, 1, 2, 0), g.ints(1, -1, 3, 4)], { Index: attr.type(INT32) })),
  one('Split', (g, x) => {
    const s = g.node('Split', [g.int(-1), x], { num_split: attr.int(2) });
    const v = g.node('SplitV', [x, g.ints(1, -1, 2), g.int(1)], { num_split: attr.int(3), Tlen: attr.type(INT32) });
    return [s, `${s}:1`, `${v}:1`, `${v}:2`];
  }),
  {
    name: 'Pack and Unpack',
    inputs: [{ shape: [2, 3] }, { shape: [2, 3] }],
    make: (g, x) => {
      const u = g.node('Unpack', [x[0]!], { num: attr.int(3), axis: attr.int(1) });
      return [g.node('Pack', x, { N: attr.int(2), axis: attr.int(-1) }), u, `${u}:2`];
    },
  },
  one(
    'Pad',
    (g, x) => {
      const p = g.constant([2, 2], [1, 1, 0, 1], INT32);
      const t = { Tpaddings: attr.type(INT32) };
      const mirror = (mode: string): string => g.node('MirrorPad', [x, p], { ...t, mode: attr.text(mode) });
      return [
        g.node('Pad', [x, p], t),
        g.node('PadV2', [x, p, g.scalar(3)], t),
        mirror('REFLECT'),
        mirror('SYMMETRIC'),
      ];
    },
    [3, 4],
  ),
  one(
    'Tile, Fill, ExpandDims, Squeeze',
    (g, x) => [
      g.node('Tile', [x, g.ints(2, 1, 3)], { Tmultiples: attr.type(INT32) }),
      g.node('Mul', [x, g.node('Fill', [g.ints(2, 1, 3), g.scalar(7)], { index_type: attr.type(INT32) })]),
      g.node('ExpandDims', [x, g.int(-1)], { Tdim: attr.type(INT32) }),
      g.node('Squeeze', [x], { squeeze_dims: attr.ints([]) }),
    ],
    [2, 1, 3],
  ),
  {
    name: 'GatherV2',
    inputs: [{ shape: [5, 3] }, { shape: [2, 2], type: INT32, below: 3 }],
    make: (g, [x, i]) =>
      [0, 1].map((axis) =>
        g.node('GatherV2', [x!, i!, g.int(axis)], {
          Tparams: attr.type(FLOAT),
          Tindices: attr.type(INT32),
          Taxis: attr.type(INT32),
        }),
      ),
  },
  {
    name: 'OneHot',
    inputs: [{ shape: [2, 3], type: INT32, below: 4 }],
    make: (g, x) => [
      g.node('OneHot', [x[0]!, g.int(4), g.scalar(2), g.scalar(-1)], { axis: attr.int(-1), TI: attr.type(INT32) }),
    ],
  },
  one('ReverseV2', (g, x) => g.node('ReverseV2', [x, g.ints(1, -1)], tidx), [2, 3, 4]),
  one(
    'Cumsum',
    (g, x) => g.node('Cumsum', [x, g.int(1)], { ...tidx, exclusive: attr.bool(true), reverse: attr.bool(true) }),
    [2, 5],
  ),
  one(
    'SpaceToDepth and DepthToSpace',
    (g, x) =>
      ['SpaceToDepth', 'DepthToSpace'].map((op) =>
        g.node(op, [x], { block_size: attr.int(2), data_format: attr.text('NHWC') }),
      ),
    [1, 4, 6, 4],
  ),
  one(
    'SpaceToBatchND and back',
    (g, x) => {
      const t = { Tblock_shape: attr.type(INT32) };
      const blocks = g.node('SpaceToBatchND', [x, g.ints(2, 2), g.constant([2, 2], [1, 1, 0, 2], INT32)], {
        ...t,
        Tpaddings: attr.type(INT32),
      });
      return [
        blocks,
        g.node('BatchToSpaceND', [g.relu(blocks), g.ints(2, 2), g.constant([2, 2], [1, 1, 0, 1], INT32)], {
          ...t,
          Tcrops: attr.type(INT32),
        }),
      ];
    },
    [1, 4, 4, 3],
  ),
  ...resizes,
  one(
    'Switch and Merge with a known condition',
    (g, x) => {
      const c = g.constant([], [0], BOOL);
      const s = g.node('Switch', [x, c]);
      return g.node('Merge', [g.node('Neg', [s]), g.node('Exp', [`${s}:1`])], { N: attr.int(2) });
    },
    [2, 3],
  ),
  one(
    'Switch and Merge on data',
    (g, x) => {
      const c = g.node('Greater', [
        g.node('Sum', [x, g.ints(0, 1)], { ...tidx, keep_dims: attr.bool(false) }),
        g.scalar(0),
      ]);
      const s = g.node('Switch', [x, c]);
      return g.node('Merge', [g.node('Neg', [s]), g.node('Exp', [`${s}:1`])], { N: attr.int(2) });
    },
    [2, 3],
  ),
  {
    name: 'NonMaxSuppressionV3, gathered',
    inputs: [{ shape: [12, 2] }, { shape: [12] }],
    make: (g, [corner, scores]) => {
      // Boxes of one size around random corners.
      const boxes = g.concat([corner!, g.node('AddV2', [corner!, g.scalar(0.8)])], 1);
      const kept = g.node('NonMaxSuppressionV3', [boxes, scores!, g.int(6), g.scalar(0.3), g.scalar(-0.5)], {
        T_threshold: attr.type(FLOAT),
      });
      const types = { Tparams: attr.type(FLOAT), Tindices: attr.type(INT32), Taxis: attr.type(INT32) };
      return [g.node('GatherV2', [boxes, kept, g.int(0)], types)];
    },
  },
  {
    name: 'Where',
    inputs: [{ shape: [3, 4], type: BOOL }],
    make: (g, x) => [
      g.node('Cast', [g.node('Where', x, { T: attr.type(BOOL) })], { SrcT: attr.type(9), DstT: attr.type(FLOAT) }),
    ],
  },
  one(
    'a loop as long as its data says',
    (g, x) => {
      const t = { T: attr.type(FLOAT) };
      const constant = (name: string, v: number): object => ({
        name,
        op: 'Const',
        attr: { dtype: attr.type(FLOAT), value: { tensor: { dtype: FLOAT, tensorShape: {}, floatVal: [v] } } },
      });
      const axes = {
        name: 'axes',
        op: 'Const',
        attr: {
          dtype: attr.type(INT32),
          value: { tensor: { dtype: INT32, tensorShape: { dim: [{ size: 2 }] }, intVal: [0, 1] } },
        },
      };
      const args = [
        { name: 'v', type: FLOAT },
        { name: 'turns', type: FLOAT },
        { name: 'w', type: FLOAT },
      ];
      const n = (name: string, op: string, input: string[], more: object = {}): object => ({
        name,
        op,
        input,
        attr: { ...t, ...more },
      });
      g.functions.push(
        {
          signature: { name: 'cond', inputArg: args, outputArg: [{ name: 'go', type: BOOL }] },
          nodeDef: [
            axes,
            constant('limit', 100),
            n('size', 'Abs', ['v']),
            n('sum', 'Sum', ['size:y:0', 'axes:output:0'], { ...tidx, keep_dims: attr.bool(false) }),
            n('less', 'Less', ['sum:output:0', 'limit:output:0']),
          ],
          ret: { go: 'less:z:0' },
        },
        {
          signature: {
            name: 'body',
            inputArg: args,
            outputArg: ['v2', 't2', 'w2'].map((name) => ({ name, type: FLOAT })),
          },
          nodeDef: [
            constant('one', 1),
            n('product', 'MatMul', ['v', 'w'], flags({ transpose_a: false, transpose_b: false })),
            n('next', 'AddV2', ['turns', 'one:output:0']),
            n('same', 'Identity', ['w']),
          ],
          ret: { v2: 'product:product:0', t2: 'next:z:0', w2: 'same:output:0' },
        },
      );
      const w = g.constant([3, 3], [1.5, 0.25, 0, 0, 1.25, 0.5, 0.25, 0, 1.5]);
      const loop = g.node('While', [x, g.scalar(0), w], {
        T: { list: { type: [FLOAT, FLOAT, FLOAT] } },
        cond: attr.func('cond'),
        body: attr.func('body'),
      });
      return [loop, `${loop}:1`];
    },
    [2, 3],
  ),
  one(
    'a loop of TensorFlow 1',
    (g, x) => {
      const i32 = { T: attr.type(INT32) };
      const frame = { frame_name: attr.text('loop'), is_constant: attr.bool(false), parallel_iterations: attr.int(10) };
      const enter = (v: string, t: object = {}, constant = false): string =>
        g.node('Enter', [v], { ...t, ...frame, is_constant: attr.bool(constant) });
      const merge = (v: string, back: string, t: object = {}): string =>
        g.node('Merge', [v, back], { ...t, N: attr.int(2) });
      const i = merge(enter(g.int(0), i32), 'back_i', i32);
      const v = merge(enter(x), 'back_v');
      const go = g.node('Less', [i, enter(g.int(3), i32, true)], i32);
      g.nodes.push({ name: 'go', op: 'LoopCond', input: [go], attr: {} });
      const [si, sv] = [g.node('Switch', [i, 'go'], i32), g.node('Switch', [v, 'go'])];
      const one = g.constant([], [1], INT32);
      const next = g.node('AddV2', [`${si}:1`, enter(one, i32, true)], i32);
      g.node('NextIteration', [next], i32, 'back_i');
      g.node('NextIteration', [g.node('Mul', [`${sv}:1`, enter(g.scalar(1.5), {}, true)])], {}, 'back_v');
      return g.node('Exit', [sv]);
    },
    [2, 3],
  ),
];
