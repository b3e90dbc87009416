// The studio's icon, drawn from its formula: particles that sinter, a smooth union of circles on a rounded square.
import { deflateSync } from 'node:zlib';

const PARTICLES = [
  [0.36, 0.4, 0.15],
  [0.64, 0.36, 0.12],
  [0.58, 0.65, 0.17],
  [0.31, 0.68, 0.075],
];
const smoothMin = (a, b, k) => {
  const h = Math.max(k - Math.abs(a - b), 0) / k;
  return Math.min(a, b) - (h * h * k) / 4;
};
const roundedSquare = (x, y, half, radius) => {
  const qx = Math.abs(x - 0.5) - half + radius;
  const qy = Math.abs(y - 0.5) - half + radius;
  return Math.hypot(Math.max(qx, 0), Math.max(qy, 0)) + Math.min(Math.max(qx, qy), 0) - radius;
};
const blend = (from, to, t) => from.map((c, i) => Math.round(c + (to[i] - c) * t));

function pixel(x, y, soft) {
  const cover = (d) => Math.min(1, Math.max(0, 0.5 - d / soft));
  const ground = cover(roundedSquare(x, y, 0.47, 0.2));
  const body = PARTICLES.map(([cx, cy, r]) => Math.hypot(x - cx, y - cy) - r).reduce((a, b) => smoothMin(a, b, 0.14));
  const back = blend([14, 116, 110], [7, 60, 66], y);
  const front = blend([255, 214, 102], [244, 132, 52], y);
  return [...blend(back, front, cover(body)), Math.round(255 * ground)];
}

const TABLE = Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});
function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  let crc = 0xffffffff;
  for (const b of body) crc = TABLE[(crc ^ b) & 255] ^ (crc >>> 8);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE((crc ^ 0xffffffff) >>> 0, body.length + 4);
  return out;
}

/** The icon as a PNG file of `size` × `size` pixels. */
export function iconPng(size) {
  const rows = Buffer.alloc(size * (size * 4 + 1));
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      rows.set(pixel((x + 0.5) / size, (y + 0.5) / size, 1.5 / size), y * (size * 4 + 1) + 1 + 4 * x);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 6, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
