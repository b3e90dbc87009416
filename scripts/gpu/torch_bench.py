"""The bench networks in PyTorch, medians in milliseconds: eager and as one CUDA graph, or by torch.compile with max-autotune.
fp32 is without TF32, tf32 with it. Rows are printed and saved as they come.
Usage: torch_bench.py OUT.json [NAMES [fp16,fp32,tf32 [BATCHES [compile]]]]"""
import json
import sys
import time

import torch

from timing import timed


def networks():
    import torchvision.models as v

    images = lambda n, dtype: (torch.randn(n, 3, 224, 224, device="cuda", dtype=dtype).to(memory_format=torch.channels_last),)
    yield "resnet50", lambda: v.resnet50(), images
    yield "inception_v1", lambda: v.googlenet(aux_logits=False, init_weights=False, transform_input=False), images
    yield "mobilenet_v2", lambda: v.mobilenet_v2(), images
    yield "vgg16", lambda: v.vgg16(), images
    try:
        from transformers import BertConfig, BertModel

        tokens = lambda n, dtype: (torch.randint(0, 30000, (n, 128), device="cuda"),)
        yield "bert_base", lambda: BertModel(BertConfig()), tokens
    except ImportError:
        print("PyTorch: no package transformers, so no BERT")
    yield "vit_b16", lambda: v.vit_b_16(), images


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


def plain(model, x, repeat):
    return {"eager": timed(torch, lambda: model(*x), repeat, 8), "graph": timed(torch, graphed(model, x), repeat, 8)}


def compiled(model, x, repeat):
    torch._dynamo.reset()
    before = time.perf_counter()
    fast = torch.compile(model, mode="max-autotune")
    for _ in range(3):  # the second and third record the CUDA graph
        fast(*x)
    torch.cuda.synchronize()
    built = time.perf_counter() - before
    return {"compile": timed(torch, lambda: fast(*x), repeat, 8), "compileSeconds": built}


def main(out, names, kinds, batches, way):
    print(f"PyTorch {torch.__version__}, cuDNN {torch.backends.cudnn.version()}, {torch.cuda.get_device_name()}", flush=True)
    torch.backends.cudnn.benchmark = True
    made = {}
    rows = []
    for kind in kinds:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = kind == "tf32"
        dtype = torch.float16 if kind == "fp16" else torch.float32
        for name, make, inputs in networks():
            if name not in names:
                continue
            if name not in made:
                made[name] = make().cuda().eval()
                if name not in ("bert_base", "vit_b16"):
                    made[name] = made[name].to(memory_format=torch.channels_last)
            model = made[name].to(dtype)
            for batch in batches:
                row = {"model": name, "batch": batch, "precision": kind}
                try:
                    row.update(way(model, inputs(batch, dtype), 60 if batch == 1 else 20))
                except Exception as e:  # one network must not cost the others
                    row["error"] = f"{type(e).__name__} {str(e)[:120]}"
                rows.append(row)
                text = ", ".join(f"{k} {v:.3f}" if isinstance(v, float) else str(v) for k, v in row.items() if k not in ("model", "batch", "precision"))
                print(f"torch {name} b{batch} {kind}: {text}", flush=True)
                with open(out, "w") as f:
                    json.dump(rows, f)


if __name__ == "__main__":
    arguments = sys.argv[1:] + [None] * 5
    names = (arguments[1] or "resnet50,inception_v1,mobilenet_v2,vgg16,bert_base,vit_b16").split(",")
    kinds = [k for k in ("fp16", "tf32", "fp32") if k in (arguments[2] or "fp16")]
    batches = [int(n) for n in (arguments[3] or "1,32").split(",")]
    with torch.inference_mode():
        main(arguments[0], names, kinds, batches, compiled if arguments[4] == "compile" else plain)
