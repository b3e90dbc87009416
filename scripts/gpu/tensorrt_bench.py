"""The bench networks in TensorRT 10, from the ONNX files that bench:gpu makes: milliseconds of a CUDA graph replay (median),
layers, reformats, bytes of activation memory, seconds to build. Rows are printed and saved as they come.
Usage: tensorrt_bench.py OUT.json 'MODEL|BATCH|fp16, int8, fp32 or tf32|FILE.onnx'…
FP16 and INT8 are allowances, as TensorRT's flags are; int8 allows FP16 too, with ranges from random images; fp32 is without TF32."""
import json
import sys
import time

from timing import timed


def find():
    """The modules, or why there is no row of TensorRT."""
    try:
        import tensorrt
    except ImportError:
        return None, "NOT MEASURED: the Python package tensorrt was not found (`pip install tensorrt` where there is a registry)"
    if not hasattr(tensorrt.BuilderFlag, "FP16"):
        return None, f"NOT MEASURED: TensorRT {tensorrt.__version__} takes strongly typed networks alone; 10.x is needed"
    try:
        import torch
    except ImportError:
        return None, "NOT MEASURED: TensorRT was found, but no PyTorch, whose memory and CUDA graphs this script uses"
    return (tensorrt, torch), None


def random_input(torch, name, shape, dtype):
    """Values that the networks take: images near zero, token ids, masks of ones."""
    if dtype.is_floating_point:
        return torch.randn(shape, device="cuda", dtype=dtype)
    if "mask" in name:
        return torch.ones(shape, device="cuda", dtype=dtype)
    if "type" in name or "segment" in name:
        return torch.zeros(shape, device="cuda", dtype=dtype)
    return torch.randint(0, 1000, shape, device="cuda", dtype=dtype)


def calibrator(trt, torch, shape):
    class Random(trt.IInt8MinMaxCalibrator):
        def __init__(self):
            super().__init__()
            self.left, self.images = 4, None

        def get_batch_size(self):
            return shape[0]

        def get_batch(self, names):
            if self.left == 0:
                return None
            self.left -= 1
            self.images = torch.rand(shape, device="cuda") * 2 - 1
            torch.cuda.synchronize()
            return [self.images.data_ptr()]

        def read_calibration_cache(self):
            return None

        def write_calibration_cache(self, cache):
            pass

    return Random()


def build(trt, torch, file, precision):
    """The serialized engine; raises with the parser's or builder's words."""
    logger = trt.Logger(trt.Logger.ERROR)
    builder = trt.Builder(logger)
    network = builder.create_network(0)
    parser = trt.OnnxParser(network, logger)
    if not parser.parse_from_file(file):
        raise RuntimeError("; ".join(str(parser.get_error(i)) for i in range(parser.num_errors)))
    config = builder.create_builder_config()
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED
    if precision == "tf32":
        config.set_flag(trt.BuilderFlag.TF32)
    else:  # it is on unless it is cleared
        config.clear_flag(trt.BuilderFlag.TF32)
    if precision in ("fp16", "int8"):
        config.set_flag(trt.BuilderFlag.FP16)
    if precision == "int8":
        config.set_flag(trt.BuilderFlag.INT8)
        config.int8_calibrator = calibrator(trt, torch, tuple(network.get_input(0).shape))
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise RuntimeError("TensorRT could not build the engine")
    return plan, logger


def facts(trt, engine):
    """Layers and reformats by the inspector, and bytes of activations that a context needs."""
    inspector = engine.create_engine_inspector()
    listed = json.loads(inspector.get_engine_information(trt.LayerInformationFormat.JSON)).get("Layers", [])
    names = [layer["Name"] if isinstance(layer, dict) else layer for layer in listed]
    memory = engine.device_memory_size_v2 if hasattr(engine, "device_memory_size_v2") else engine.device_memory_size
    return {"layers": engine.num_layers, "reformats": sum("eformat" in n for n in names), "activations": memory}


def replay_of(trt, torch, engine):
    """One inference as a CUDA graph, with its memory."""
    dtypes = {
        trt.DataType.FLOAT: torch.float32,
        trt.DataType.HALF: torch.float16,
        trt.DataType.INT32: torch.int32,
        trt.DataType.INT64: torch.int64,
        trt.DataType.BOOL: torch.bool,
    }
    context = engine.create_execution_context()
    memory = []
    for i in range(engine.num_io_tensors):
        name = engine.get_tensor_name(i)
        shape, dtype = tuple(engine.get_tensor_shape(name)), dtypes[engine.get_tensor_dtype(name)]
        given = engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT
        tensor = random_input(torch, name, shape, dtype) if given else torch.empty(shape, device="cuda", dtype=dtype)
        context.set_tensor_address(name, tensor.data_ptr())
        memory.append(tensor)

    def run():
        if not context.execute_async_v3(torch.cuda.current_stream().cuda_stream):
            raise RuntimeError("TensorRT could not run the engine")

    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(3):  # what is set up at first use is no part of a recording
            run()
    stream.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    return graph.replay, (context, memory)


def measure(trt, torch, batch, precision, file):
    before = time.perf_counter()
    plan, logger = build(trt, torch, file, precision)
    seconds = time.perf_counter() - before
    engine = trt.Runtime(logger).deserialize_cuda_engine(plan)
    replay, kept = replay_of(trt, torch, engine)
    row = {"median": timed(torch, replay, 300 if batch == 1 else 100, 20), "buildSeconds": seconds, **facts(trt, engine)}
    del kept
    return row


def main(out, wanted):
    modules, problem = find()
    if problem:
        print(f"TensorRT: {problem}", flush=True)
        return 0
    trt, torch = modules
    print(f"TensorRT {trt.__version__}, {torch.cuda.get_device_name()}", flush=True)
    rows = []
    for text in wanted:
        model, batch, precision, file = text.split("|", 3)
        row = {"model": model, "batch": int(batch), "precision": precision}
        try:
            row.update(measure(trt, torch, int(batch), precision, file))
            print(f"TensorRT {model} b{batch} {precision}: {row['median']:.3f} ms, {row['layers']} layers, {row['reformats']} reformats, "
                  f"{row['activations'] / 2**20:.2f} MiB, built in {row['buildSeconds']:.1f} s", flush=True)
        except Exception as e:  # one network must not cost the others
            row["error"] = f"{type(e).__name__} {str(e)[:200]}"
            print(f"TensorRT {model} b{batch} {precision}: {row['error']}", flush=True)
        rows.append(row)
        with open(out, "w") as f:
            json.dump({"version": trt.__version__, "rows": rows}, f)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
