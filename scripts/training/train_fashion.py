"""Trains the small Fashion-MNIST network of assets/models/fashion-cnn.onnx. See README.md beside this file."""

import argparse
import gzip
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime
from network import forward, from_onnx, initial, to_onnx

ROOT = Path(__file__).resolve().parents[2]
DESCRIPTION = "Classifier of Fashion-MNIST. image: grey values / 255, NCHW. logits: one per class. See scripts/training/README.md."


def read_idx(path):
    """An IDX file of unsigned bytes: magic 0 0 8 rank, big-endian dimensions, data."""
    data = gzip.decompress(path.read_bytes())
    assert data[:3] == b"\0\0\x08", f"{path} is not an IDX file of bytes"
    rank = data[3]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(np.frombuffer(data, ">i4", rank, 4))


def load(folder, split):
    images = read_idx(folder / f"{split}-images-idx3-ubyte.gz")
    labels = read_idx(folder / f"{split}-labels-idx1-ubyte.gz")
    return images[..., None].astype(np.float32) / 255, labels.astype(np.int32)


def augment(images, shift, random):
    """Half of the images mirrored, each moved by up to `shift` pixels."""
    flipped = np.where(random.random(len(images))[:, None, None, None] < 0.5, images[:, :, ::-1], images)
    padded = np.pad(flipped, ((0, 0), (shift, shift), (shift, shift), (0, 0)))
    dy, dx = random.integers(0, 2 * shift + 1, (2, len(images)))
    rows = dy[:, None, None] + np.arange(28)[None, :, None]
    columns = dx[:, None, None] + np.arange(28)[None, None, :]
    return padded[np.arange(len(images))[:, None, None], rows, columns]


def loss(params, stats, images, labels):
    logits, stats = forward(params, stats, images, True)
    chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1)
    return -chosen.mean(), stats


@jax.jit
def step(params, stats, moments, images, labels, rate, t):
    """One step of Adam with decoupled weight decay on convolution and classifier weights."""
    (value, stats), gradients = jax.value_and_grad(loss, has_aux=True)(params, stats, images, labels)
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, moments[0], gradients)
    second = jax.tree.map(lambda v, g: 0.99 * v + 0.01 * g * g, moments[1], gradients)

    def update(p, m, v):
        decay = 1e-2 * p if p.ndim > 1 else 0
        return p - rate * (m / (1 - 0.9**t) / (jnp.sqrt(v / (1 - 0.99**t)) + 1e-8) + decay)

    return jax.tree.map(update, params, first, second), stats, (first, second), value


@jax.jit
def predict(params, stats, images):
    return forward(params, stats, images, False)[0].argmax(1)


def accuracy(classify, images, labels):
    got = np.concatenate([np.asarray(classify(images[i : i + 500])) for i in range(0, len(images), 500)])
    return 100 * float((got == labels).mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--output", type=Path, default=ROOT / "assets/models/fashion-cnn.onnx")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rate", type=float, default=6e-3, help="highest learning rate")
    parser.add_argument("--shift", type=int, default=2, help="pixels that training images are moved by at most")
    parser.add_argument("--start", type=Path, help="model of an earlier run to go on from")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    images, labels = load(args.data, "train")
    params, stats = from_onnx(onnx.load(args.start)) if args.start else initial(args.seed)
    moments = (jax.tree.map(jnp.zeros_like, params), jax.tree.map(jnp.zeros_like, params))
    random = np.random.default_rng(args.seed)
    per_epoch = len(images) // args.batch
    steps, t = args.epochs * per_epoch, 0
    print(f"{sum(p.size for p in jax.tree.leaves(params))} parameters, {steps} steps", flush=True)
    for epoch in range(args.epochs):
        start, total, order = time.monotonic(), 0.0, random.permutation(len(images))
        for k in range(per_epoch):
            t += 1
            # Up over the first fifth, then down to nothing along half a cosine.
            rate = args.rate * min(t / steps / 0.2, 0.5 + 0.5 * np.cos(np.pi * max(0, t / steps - 0.2) / 0.8))
            chosen = order[k * args.batch : (k + 1) * args.batch]
            batch = augment(images[chosen], args.shift, random)
            params, stats, moments, value = step(params, stats, moments, batch, labels[chosen], rate, float(t))
            total += float(value)
            if k % 100 == 0:
                print(f"  step {t}: {time.monotonic() - start:.1f} s", flush=True)
        print(f"epoch {epoch + 1}: loss {total / per_epoch:.4f}, {time.monotonic() - start:.0f} s", flush=True)

    images, labels = load(args.data, "t10k")
    onnx.save(to_onnx(params, stats, DESCRIPTION), args.output)
    session = onnxruntime.InferenceSession(str(args.output), providers=["CPUExecutionProvider"])
    by_jax = accuracy(lambda x: predict(params, stats, x), images, labels)
    by_ort = accuracy(lambda x: session.run(None, {"image": x.transpose(0, 3, 1, 2)})[0].argmax(1), images, labels)
    print(f"{args.output.name}: {args.output.stat().st_size} bytes")
    print(f"top-1 on {len(images)} test images: JAX {jax.__version__} {by_jax:.2f} %, ", end="")
    print(f"ONNX Runtime {onnxruntime.__version__} {by_ort:.2f} %")


if __name__ == "__main__":
    main()
