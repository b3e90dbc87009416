import { ModelBuilder } from './builder.mjs';
import { attention, geluParts, layerNormParts, linear } from './transformer.mjs';

/** A BERT encoder with its embeddings: token ids and attention mask (int64) in, hidden states out. */
export function bert(name, { layers, tokens, width, heads, inner, vocabulary }) {
  const m = new ModelBuilder(name, { opset: 13 });
  const ids = m.input('input_ids', [1, tokens], 'int64');
  const given = m.input('attention_mask', [1, tokens], 'int64');
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
  const placed = m.node(
    'Add',
    [types, m.uniform(`${embedding}.positions`, [1, tokens, width], -0.1, 0.1)],
    {},
    { name: `${embedding}/Add_1` },
  );
  let x = layerNormParts(m, placed, `${embedding}/LayerNorm`, width);
  for (let i = 0; i < layers; i++) {
    const layer = `encoder/layer.${i}`;
    const mixed = attention(m, x, `${layer}/attention/self`, { batch: m.batch, tokens, heads, width, mask });
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
  m.output('last_hidden_state', [1, tokens, width]);
  return m;
}

export const bertBase = () =>
  bert('bert_base', { layers: 12, tokens: 128, width: 768, heads: 12, inner: 3072, vocabulary: 30522 });
