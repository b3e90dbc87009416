// Fast seeded numbers for weights: xorshift128, 32 random bits each, so that practically no two weights are equal.

export function hash(text) {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return h >>> 0;
}

/** Returns fill(array, low, high): uniform numbers, continuing where the last call ended. */
export function randomFill(seed) {
  let x = seed | 1;
  let y = Math.imul(seed ^ 0x9e3779b9, 2654435761) | 1;
  let z = Math.imul(seed ^ 0x85ebca6b, 2246822519) | 1;
  let w = 88675123;
  return (out, low, high) => {
    const scale = (high - low) / 4294967296;
    for (let i = 0; i < out.length; i++) {
      const t = x ^ (x << 11);
      x = y;
      y = z;
      z = w;
      w = w ^ (w >>> 19) ^ t ^ (t >>> 8);
      out[i] = low + (w >>> 0) * scale;
    }
  };
}
