"""The bench networks in PyTorch: eager and as one CUDA graph, medians in milliseconds. fp32 is without TF32, tf32 with it.
Usage: torch_bench.py OUT.json [NAMES [fp16,fp32,tf32 [BATCHES]]]"""
import json
import statistics
import sys

import torch


def networks():
    import torchvision.models as v

    images = lambda n, dtype: (torch.randn(n, 3, 224, 224, device="cuda", dtype=dtype).to(memory_format=torch.channels_last),)
    yield "resnet50", lambda: v.resnet50(), images
    yield "inception_v1", lambda: v.googlenet(aux_logits=False, init_weights=False, transform_input=False), images
    yield "mobilenet_v2", lambda: v.mobilenet_v2(), images
    yield "vgg16", lambda: v.vgg16(), images
    yield "vit_b16", lambda: v.vit_b_16(), images
    try:
        from transformers import BertConfig, BertModel

        tokens = lambda n, dtype: (torch.randint(0, 30000, (n, 128), device="cuda"),)
        yield "bert_base", lambda: BertModel(BertConfig()), tokens
    except ImportError:
        pass


def timed(run, repeat=60):
    for _ in range(8):
        run()
    samples = []
    for _ in range(repeat):
        a, b = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        a.record()
        run()
        b.record()
        b.synchronize()
        samples.append(a.elapsed_time(b))
    return statistics.median(samples)


def graphed(model, inputs):
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(3):
            model(*inputs)
    stream.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        model(*inputs)
    return graph.replay


rows = []
only = sys.argv[2].split(",") if len(sys.argv) > 2 else None
kinds = sys.argv[3].split(",") if len(sys.argv) > 3 else ["fp16"]
batches = [int(n) for n in sys.argv[4].split(",")] if len(sys.argv) > 4 else [1, 32]
print(f"PyTorch {torch.__version__}, cuDNN {torch.backends.cudnn.version()}, {torch.cuda.get_device_name()}")
torch.backends.cudnn.benchmark = True
with torch.inference_mode():
    for name, make, inputs in networks():
        if only and name not in only:
            continue
        model = make().cuda().eval()
        if name not in ("bert_base", "vit_b16"):
            model = model.to(memory_format=torch.channels_last)
        for kind in sorted(kinds, reverse=True):  # fp16 last: it converts the model
            dtype = torch.float16 if kind == "fp16" else torch.float32
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = kind == "tf32"
            model = model.to(dtype)
            for batch in batches:
                x = inputs(batch, dtype)
                try:
                    eager = timed(lambda: model(*x), 60 if batch == 1 else 20)
                    graph = timed(graphed(model, x), 60 if batch == 1 else 20)
                    rows.append({"model": name, "batch": batch, "precision": kind, "eager": eager, "graph": graph})
                    print(f"torch {name} b{batch} {kind}: eager {eager:.3f} ms, CUDA graph {graph:.3f} ms", flush=True)
                except Exception as e:  # one network must not cost the others
                    print(f"torch {name} b{batch} {kind}: {type(e).__name__} {str(e)[:120]}", flush=True)
                with open(sys.argv[1], "w") as f:
                    json.dump(rows, f)
