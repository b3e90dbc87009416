import { composed } from './common/compose.ts';
import { codeOfDtype } from './common/dtypes.ts';

/** Inputs after the ids of words and segments. */
const [WORDS, PLACES, SEGMENTS, GAMMA, BETA, MASK, PLACE_IDS] = [2, 3, 4, 5, 6, 7, 8];
const [LENGTHS, SUM] = [1, 2];

/**
 * BERT's first layer: ids [batch, tokens] → LayerNormalization of the sum of the rows of words, places and segments
 * [batch, tokens, size], and how many tokens of each sequence the mask lets through [batch].
 */
export default composed(
  {
    domain: 'com.microsoft',
    op: 'EmbedLayerNormalization',
    category: 'normalization',
    since: [1],
    attrs: { epsilon: { type: 'float', default: Math.fround(1e-12) }, mask_index_type: { type: 'int', default: 1 } },
    inputs: [7, 9],
    outputs: [1, 3],
  },
  (c) => {
    const int32 = codeOfDtype('int32');
    const shape = c.op('Shape', [c.input(0)]);
    const tokens = c.op('Gather', [shape, c.scalar('int64', 1)], { axis: 0 });
    const places = c.has(PLACE_IDS)
      ? c.op('Gather', [c.input(PLACES), c.input(PLACE_IDS)], { axis: 0 })
      : c.op('Slice', [c.input(PLACES), c.ints([0]), c.op('Reshape', [tokens, c.ints([1])]), c.ints([0])]);
    let sum = c.op('Add', [c.op('Gather', [c.input(WORDS), c.input(0)], { axis: 0 }), places]);
    if (c.has(1)) sum = c.op('Add', [sum, c.op('Gather', [c.input(SEGMENTS), c.input(1)], { axis: 0 })]);
    c.output(SUM, 'Identity', [sum]);
    if (c.has(MASK)) {
      const count = c.op('ReduceSum', [c.input(MASK), c.ints([1])], { keepdims: 0 });
      c.output(LENGTHS, 'Cast', [count], { to: int32 });
    } else {
      const batch = c.op('Slice', [shape, c.ints([0]), c.ints([1]), c.ints([0])]);
      c.output(LENGTHS, 'Expand', [c.scalar('int32', 0), batch]);
    }
    c.finish('LayerNormalization', [sum, c.input(GAMMA), c.input(BETA)], { axis: -1, epsilon: c.attr('epsilon') });
  },
);
