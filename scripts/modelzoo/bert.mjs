import { ModelBuilder } from './builder.mjs';
import { attention, geluParts, layerNormParts, linear } from './transformer.mjs';

/**
 * A BERT encoder with its embeddings: token ids and attention mask (int64) in, hidden states out. With `open`, batch and
 * sequence are symbolic and `tokens` is the longest sequence.
 */
export function bert(name, { layers, tokens, width, heads, inner, vocabulary, open = false }) {
  const m = new ModelBuilder(name, { opset: 13 });
  const size = open ? ['batch', 'sequence'] : [1, tokens];
  const ids = m.input('input_ids', size, 'int64');
  const given = m.input('attention_mask', size, 'int64');
  // Positions with mask 0 get a large negative score.
  const at = m.ints('mask/axes', [1, 2]);
  const wide = m.node('Unsqueeze', [given, at], {}, { name: 'mask/Unsqueeze' });
  const float = m.node('Cast', [wide], { to: 1 }, { name: 'mask/Cast' });
  const inverse = m.node('Sub', [m.scalar('mask/one', 1), float], {}, { name: 'mask/Sub' });
  const mask = m.node('Mul', [inverse, m.scalar('mask/lowest', -10000)], {}, { name: 'mask/Mul' });

  const embedding = 'embeddings';
  const words = m.node(
    'Gather',
    [m.uniform(`${embedding}.words`, [vocabulary, width], -0.1, 0.1), ids],
    {},
    { name: `${embedding}/words/Gather` },
  );
  const types = m.node(
    'Add',
    [words, m.uniform(`${embedding}.type`, [1, 1, width], -0.1, 0.1)],
    {},
    { name: `${embedding}/Add` },
  );
  const table = m.uniform(`${embedding}.positions`, [1, tokens, width], -0.1, 0.1);
  const placed = m.node(
    'Add',
    [types, open ? positionsOf(m, table, ids, embedding) : table],
    {},
    { name: `${embedding}/Add_1` },
  );
  let x = layerNormParts(m, placed, `${embedding}/LayerNorm`, width);
  for (let i = 0; i < layers; i++) {
    const layer = `encoder/layer.${i}`;
    // 0 in a Reshape keeps the dimension as it is.
    const kept = open ? { batch: 0, tokens: 0 } : { batch: m.batch, tokens };
    const mixed = attention(m, x, `${layer}/attention/self`, { ...kept, heads, width, mask });
    const projected = linear(m, mixed, `${layer}/attention/output/dense`, [width, width]);
    x = m.node('Add', [projected, x], {}, { name: `${layer}/attention/output/Add` });
    x = layerNormParts(m, x, `${layer}/attention/output/LayerNorm`, width);
    const grown = geluParts(
      m,
      linear(m, x, `${layer}/intermediate/dense`, [width, inner]),
      `${layer}/intermediate/act`,
    );
    const shrunk = linear(m, grown, `${layer}/output/dense`, [inner, width]);
    x = m.node('Add', [shrunk, x], {}, { name: `${layer}/output/Add` });
    x = layerNormParts(m, x, `${layer}/output/LayerNorm`, width);
  }
  m.node('Identity', [x], {}, { name: 'output', outputs: ['last_hidden_state'] });
  m.output('last_hidden_state', [...size, width]);
  return m;
}

/** The first rows of the position table, as many as there are tokens. */
function positionsOf(m, table, ids, name) {
  const shape = m.node('Shape', [ids], {}, { name: `${name}/Shape` });
  const bounds = [m.ints(`${name}/one`, [1]), m.ints(`${name}/two`, [2]), m.ints(`${name}/zero`, [0])];
  const tokens = m.node('Slice', [shape, ...bounds], {}, { name: `${name}/Slice` });
  const slice = [m.ints(`${name}/start`, [0]), tokens, m.ints(`${name}/axis`, [1])];
  return m.node('Slice', [table, ...slice], {}, { name: `${name}/positions/Slice` });
}

/** A small BERT with open batch and sequence, for tests. */
export const dynamicBert = () =>
  bert('dynamic_bert', { layers: 2, tokens: 64, width: 64, heads: 4, inner: 128, vocabulary: 100, open: true });

export const bertBase = () =>
  bert('bert_base', { layers: 12, tokens: 128, width: 768, heads: 12, inner: 3072, vocabulary: 30522 });
