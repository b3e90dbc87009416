"""The Fashion-MNIST network: one list of layers, read by the training (JAX) and by the ONNX writer alike."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

CLASSES = 10
EPSILON = 1e-5
BN_MOMENTUM = 0.9


@dataclass(frozen=True)
class Layer:
    """Convolution without bias, batch normalization, the output of `shortcut` added if named, ReLU."""

    name: str
    inputs: int
    outputs: int
    kernel: int
    stride: int = 1
    depthwise: bool = False
    shortcut: str | None = None

    def weight_shape(self):
        """As ONNX stores it: [outputs, inputs / group, kernel, kernel]."""
        return (self.outputs, 1 if self.depthwise else self.inputs, self.kernel, self.kernel)


def residual(name, channels, before):
    return [
        Layer(f"{name}.depthwise", channels, channels, 3, depthwise=True),
        Layer(f"{name}.pointwise", channels, channels, 1, shortcut=before),
    ]


LAYERS = [
    Layer("stem", 1, 32, 5, stride=2),
    *residual("block1", 32, "stem"),
    Layer("down", 32, 64, 3, stride=2),
    *residual("block2", 64, "down"),
    *residual("block3", 64, "block2.pointwise"),
]


def initial(seed):
    """Parameters (trained) and the running statistics of batch normalization (measured)."""
    random = np.random.default_rng(seed)
    params, stats = {}, {}
    for layer in LAYERS:
        shape = layer.weight_shape()
        deviation = np.sqrt(2 / np.prod(shape[1:]))
        # A residual block starts as the identity: its normalization scales by zero.
        scale = 0 if layer.shortcut else 1
        params[layer.name] = {
            "weight": jnp.asarray(random.normal(0, deviation, shape), jnp.float32),
            "scale": jnp.full(layer.outputs, scale, jnp.float32),
            "bias": jnp.zeros(layer.outputs, jnp.float32),
        }
        stats[layer.name] = {"mean": jnp.zeros(layer.outputs), "var": jnp.ones(layer.outputs)}
    width = LAYERS[-1].outputs
    params["classifier"] = {
        "weight": jnp.asarray(random.normal(0, 1 / np.sqrt(width), (CLASSES, width)), jnp.float32),
        "bias": jnp.zeros(CLASSES, jnp.float32),
    }
    return params, stats


def from_onnx(model):
    """Parameters and running statistics of a model that to_onnx wrote."""
    values = {w.name: jnp.asarray(numpy_helper.to_array(w)) for w in model.graph.initializer}
    params, stats = {}, {}
    for layer in LAYERS:
        n = layer.name
        params[n] = {"weight": values[f"{n}.weight"], "scale": values[f"{n}.bn.scale"], "bias": values[f"{n}.bn.bias"]}
        stats[n] = {"mean": values[f"{n}.bn.mean"], "var": values[f"{n}.bn.var"]}
    params["classifier"] = {"weight": values["classifier.weight"], "bias": values["classifier.bias"]}
    return params, stats


def convolve(layer, weight, x):
    """NHWC. Shifted views and a matrix product: the gradients of XLA's own CPU convolutions are many times slower."""
    if layer.kernel == 1:
        return x @ weight[:, :, 0, 0].T
    h, w, s, k = x.shape[1] // layer.stride, x.shape[2] // layer.stride, layer.stride, layer.kernel
    x = jnp.pad(x, ((0, 0), (k // 2, k // 2), (k // 2, k // 2), (0, 0)))
    views = [x[:, i : i + s * (h - 1) + 1 : s, j : j + s * (w - 1) + 1 : s] for i in range(k) for j in range(k)]
    if layer.depthwise:
        return sum(view * weight[:, 0, i // k, i % k] for i, view in enumerate(views))
    columns = jnp.concatenate(views, axis=-1)
    return columns @ weight.transpose(2, 3, 1, 0).reshape(-1, layer.outputs)


def normalize(p, s, x, training):
    """Batch normalization over all but the channels; returns the new running statistics too."""
    if training:
        mean = x.mean((0, 1, 2))
        var = jnp.maximum(jnp.square(x).mean((0, 1, 2)) - jnp.square(mean), 0)
        keep = BN_MOMENTUM
        s = {"mean": keep * s["mean"] + (1 - keep) * mean, "var": keep * s["var"] + (1 - keep) * var}
    else:
        mean, var = s["mean"], s["var"]
    return (x - mean) * (jax.lax.rsqrt(var + EPSILON) * p["scale"]) + p["bias"], s


def forward(params, stats, images, training):
    """images [N,28,28,1] in 0..1 → logits [N,10] and running statistics."""
    x, outputs, after = images, {}, {}
    for layer in LAYERS:
        p = params[layer.name]
        x, after[layer.name] = normalize(p, stats[layer.name], convolve(layer, p["weight"], x), training)
        if layer.shortcut:
            x = x + outputs[layer.shortcut]
        x = outputs[layer.name] = jax.nn.relu(x)
    last = params["classifier"]
    return x.mean((1, 2)) @ last["weight"].T + last["bias"], after


def to_onnx(params, stats, description):
    """The ONNX model: BatchNormalization stays a node, the batch dimension stays open."""
    nodes, weights, x = [], [], "image"

    def weight(name, value):
        weights.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
        return name

    def node(op, inputs, output, **attributes):
        nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    for layer in LAYERS:
        n, p, s, pad = layer.name, params[layer.name], stats[layer.name], layer.kernel // 2
        x = node(
            "Conv",
            [x, weight(f"{n}.weight", p["weight"])],
            f"{n}.conv",
            kernel_shape=[layer.kernel] * 2,
            strides=[layer.stride] * 2,
            pads=[pad] * 4,
            group=layer.inputs if layer.depthwise else 1,
        )
        norm = [weight(f"{n}.bn.{k}", v) for k, v in (("scale", p["scale"]), ("bias", p["bias"]), *s.items())]
        x = node("BatchNormalization", [x, *norm], f"{n}.bn", epsilon=EPSILON)
        if layer.shortcut:
            x = node("Add", [x, f"{layer.shortcut}.relu"], f"{n}.sum")
        x = node("Relu", [x], f"{n}.relu")
    x = node("Flatten", [node("GlobalAveragePool", [x], "pool")], "features", axis=1)
    last = params["classifier"]
    node("Gemm", [x, weight("classifier.weight", last["weight"]), weight("classifier.bias", last["bias"])], "logits", transB=1)
    graph = helper.make_graph(
        nodes,
        "fashion-cnn",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, 28, 28])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", CLASSES])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="train_fashion")
    model.ir_version = 8
    model.doc_string = description
    checker.check_model(model, full_check=True)
    return model
