// The same networks in PyTorch and TensorRT, each in a Python process of its own that prints and saves row by row: what its time
// cuts off keeps what was finished.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { ROOT } from '../../lib/run.mjs';

/**
 * Runs a script of scripts/gpu for at most so many seconds, showing its lines; what it says last when it fails. It has a group
 * of processes of its own, because torch.compile starts others, which have to end with it.
 */
function python(options, script, args, seconds) {
  const child = spawn(options.python, [path.join(ROOT, 'scripts/gpu', script), ...args], {
    detached: true,
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const timer = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), Math.ceil(seconds * 1000));
  let words = '';
  child.stderr.on('data', (d) => (words += d));
  return new Promise((resolve) => {
    const end = (problem) => {
      clearTimeout(timer);
      resolve(problem);
    };
    child.on('error', (e) => end(e.message));
    child.on('close', (code, signal) =>
      end(code === 0 ? null : signal ? `its ${Math.round(seconds)} s are over` : words.trim().split('\n').pop()),
    );
  });
}

const unique = (list) => [...new Set(list)].join(',');

/** PyTorch eager and as a CUDA graph, or compiled by torch.compile: torch.json or compile.json in the folder of results. */
export async function torch(options, seconds, compiled) {
  const rows = options.rows.filter((r) => r.precision !== 'int8');
  const args = [
    path.join(options.out, compiled ? 'compile.json' : 'torch.json'),
    unique(rows.map((r) => r.model)),
    unique(rows.map((r) => r.precision)),
    unique(rows.map((r) => r.batch)),
    ...(compiled ? ['compile'] : []),
  ];
  const problem = await python(options, 'torch_bench.py', args, seconds);
  if (problem) console.log(`${compiled ? 'torch.compile' : 'PyTorch'}: ${problem}`);
}

/** TensorRT from the networks' ONNX files: tensorrt.json. `files`: a path per row. */
export async function tensorrt(options, files, seconds) {
  const rows = options.rows.map((r, i) => [r.model, r.batch, r.precision, files[i]].join('|'));
  const problem = await python(
    options,
    'tensorrt_bench.py',
    [path.join(options.out, 'tensorrt.json'), ...rows],
    seconds,
  );
  if (problem) console.log(`TensorRT: ${problem}`);
}
