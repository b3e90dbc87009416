import { seededRandom } from '../../optimizer/builder/randomInputs.ts';

/**
 * Audio in the likeness of speech: syllables of a voiced sound (a pulse train of drifting pitch through three formants),
 * some breath noise, and pauses between them. Mono, −1 … 1.
 */
export function speech(rate: number, samples: number, seed = 5): Float32Array {
  const random = seededRandom(seed);
  const out = new Float32Array(samples);
  const formants = [0, 0, 0].map(() => ({ a: 0, b: 0, y1: 0, y2: 0 }));
  let phase = 0;
  let pitch = 120;
  let left = 0;
  let voiced = false;
  let loud = 0;
  for (let i = 0; i < samples; i++) {
    if (left-- <= 0) {
      voiced = !voiced;
      left = Math.floor(rate * (voiced ? 0.12 + 0.2 * random() : 0.04 + 0.1 * random()));
      pitch = 90 + 120 * random();
      const centres = [300 + 500 * random(), 900 + 1400 * random(), 2300 + 700 * random()];
      formants.forEach((f, k) => {
        const radius = Math.exp((-Math.PI * (60 + 40 * k)) / rate);
        f.a = 2 * radius * Math.cos((2 * Math.PI * centres[k]!) / rate);
        f.b = -radius * radius;
      });
    }
    loud += ((voiced ? 1 : 0) - loud) * (40 / rate);
    phase += (pitch * (1 + 0.03 * Math.sin((2 * Math.PI * 5 * i) / rate))) / rate;
    let source = 0.02 * (random() - 0.5);
    if (phase >= 1) {
      phase -= 1;
      source += 1;
    }
    let sum = 0;
    for (const f of formants) {
      const y = source + f.a * f.y1 + f.b * f.y2;
      f.y2 = f.y1;
      f.y1 = y;
      sum += y;
    }
    out[i] = Math.max(-1, Math.min(1, 0.08 * loud * sum + 0.002 * (random() - 0.5)));
  }
  return out;
}
