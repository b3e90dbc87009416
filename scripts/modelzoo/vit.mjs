import { ModelBuilder } from './builder.mjs';
import { attention, geluParts, layerNorm, linear } from './transformer.mjs';

/** ViT-B/16 on 224×224 images: 197 tokens, 12 pre-normalized layers. */
export function vitB16() {
  const [width, heads, tokens] = [768, 12, 197];
  const m = new ModelBuilder('vit_b16', { opset: 17 });
  const image = m.input('pixel_values', [1, 3, 224, 224]);
  const patch = 'embeddings/patch';
  const w = m.weight(`${patch}.weight`, [width, 3, 16, 16], 768, 1);
  const attrs = { kernel_shape: [16, 16], strides: [16, 16], pads: [0, 0, 0, 0] };
  let x = m.node('Conv', [image, w, m.uniform(`${patch}.bias`, [width], -0.1, 0.1)], attrs, { name: `${patch}/Conv` });
  x = m.node('Reshape', [x, m.shape(`${patch}/shape`, [1, width, 196])], {}, { name: `${patch}/Reshape` });
  x = m.node('Transpose', [x], { perm: [0, 2, 1] }, { name: `${patch}/Transpose` });
  const token = m.uniform('embeddings.class_token', m.batched([1, 1, width]), -0.1, 0.1);
  x = m.node('Concat', [token, x], { axis: 1 }, { name: 'embeddings/Concat' });
  x = m.node(
    'Add',
    [x, m.uniform('embeddings.positions', [1, tokens, width], -0.1, 0.1)],
    {},
    { name: 'embeddings/Add' },
  );
  for (let i = 0; i < 12; i++) {
    const layer = `encoder/layer.${i}`;
    const before = layerNorm(m, x, `${layer}/norm_before`, width);
    const mixed = attention(m, before, `${layer}/attention`, { batch: m.batch, tokens, heads, width });
    x = m.node(
      'Add',
      [linear(m, mixed, `${layer}/attention/output`, [width, width], 0.5), x],
      {},
      { name: `${layer}/Add` },
    );
    const after = layerNorm(m, x, `${layer}/norm_after`, width);
    const grown = geluParts(m, linear(m, after, `${layer}/intermediate`, [width, 3072]), `${layer}/intermediate/act`);
    x = m.node('Add', [linear(m, grown, `${layer}/output`, [3072, width], 0.5), x], {}, { name: `${layer}/Add_1` });
  }
  x = layerNorm(m, x, 'norm', width);
  x = m.node('Gather', [x, m.ints('first', [0], [])], { axis: 1 }, { name: 'pooler/Gather' });
  const head = m.weight('classifier.weight', [1000, width], width, 1);
  m.node(
    'Gemm',
    [x, head, m.uniform('classifier.bias', [1000], -0.1, 0.1)],
    { transB: 1 },
    { name: 'classifier', outputs: ['logits'] },
  );
  m.output('logits', [1, 1000]);
  return m;
}
