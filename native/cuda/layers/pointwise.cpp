// Pointwise: one generated kernel per program; operands broadcast by stride 0.
#include <algorithm>

#include "cuda/codegen/program.h"
#include "cuda/codegen/types.h"
#include "cuda/layers/axes.h"
#include "cuda/layers/strided.h"

namespace sinter::cuda {
namespace {

constexpr int kThreads = 256;

/// Elements that one thread takes at a time: 16 bytes of the output, at most 8.
int vectorOf(const LayerDesc& d) { return std::clamp<int>(16 / static_cast<int>(std::max<size_t>(1, dtypeSize(d.outputs[0].dtype))), 1, 8); }

std::string storedValue(const TensorInfo& out, const std::string& value) {
    const std::string type = storageType(out.dtype);
    if (!out.quantized()) return "convert<" + type + ">(" + value + ")";
    const double inverse = static_cast<double>(1.0F / static_cast<float>(out.scale[0]));
    return "quantize<" + type + ">(" + value + ", " + literal(inverse, "float") + ", " + literal(static_cast<double>(out.zeroPoint), "float") + ")";
}

std::string loadedValue(const TensorInfo& in, const std::string& value) {
    if (!in.quantized()) return "convert<" + computeType(in.dtype) + ">(" + value + ")";
    return "((byte_to_float(" + value + ") - " + literal(static_cast<double>(in.zeroPoint), "float") + ") * " + literal(in.scale[0], "float") + ")";
}

/// "program.cuh" for pointwise.cu; nothing when the program cannot be generated.
std::optional<std::string> programText(const LayerDesc& d) {
    std::vector<DType> types;
    std::vector<std::string> names;
    std::string loads;
    const size_t outputs = d.outputs.size();
    for (size_t i = 0; i < d.inputs.size(); ++i) {
        const TensorInfo& t = d.inputs[i];
        const std::string n = std::to_string(i), k = std::to_string(outputs + i);
        const std::string type = storageType(t.dtype);
        loads += "    " + type + " s" + n + "[V];\n";
        loads += "    load_inner<V>(static_cast<const " + type + "*>(nest.operands[" + k + "].data) + offsets[" + k + "], nest.operands[" + k +
                 "].strides[last], s" + n + ");\n";
        types.push_back(valueType(t));
        names.push_back("x" + n);
    }
    const auto code = generateProgram(d.program, types, names);
    if (!code) return std::nullopt;
    std::string text = "#define OPERANDS " + std::to_string(outputs + d.inputs.size()) + "\n#define VECTOR " + std::to_string(vectorOf(d)) + "\n";
    text += "template <int V> SINTER_DEVICE void compute(const Nest<OPERANDS>& nest, const int64_t (&offsets)[OPERANDS], int last) {\n" + loads;
    for (size_t k = 0; k < outputs; ++k) text += "    " + storageType(d.outputs[k].dtype) + " y" + std::to_string(k) + "[V];\n";
    text += "#pragma unroll\n    for (int i = 0; i < V; ++i) {\n";
    for (size_t i = 0; i < d.inputs.size(); ++i) {
        text += "const " + computeType(types[i]) + " " + names[i] + " = " + loadedValue(d.inputs[i], "s" + std::to_string(i) + "[i]") + ";\n";
    }
    text += code->statements;
    for (size_t k = 0; k < outputs; ++k) text += "        y" + std::to_string(k) + "[i] = " + storedValue(d.outputs[k], code->results[k]) + ";\n";
    text += "    }\n";
    for (size_t k = 0; k < outputs; ++k) {
        const std::string n = std::to_string(k), type = storageType(d.outputs[k].dtype);
        text += "    " + type + "* p" + n + " = static_cast<" + type + "*>(nest.operands[" + n + "].data) + offsets[" + n + "];\n";
        text += "    if constexpr (V == 1) *p" + n + " = y" + n + "[0];\n    else store_vec<V>(p" + n + ", y" + n + ");\n";
    }
    return text + "}\n";
}

/// Same size in memory as Nest<N> of pointwise.cu.
std::vector<std::byte> nestBytes(const Axes& axes, std::span<void* const> addresses) {
    struct Operand {
        void* data;
        int32_t strides[8];
    };
    struct Tail {
        int32_t dims[8] = {1, 1, 1, 1, 1, 1, 1, 1};
        int32_t rank, total;
    };
    std::vector<std::byte> bytes(sizeof(Operand) * addresses.size() + sizeof(Tail));
    for (size_t k = 0; k < addresses.size(); ++k) {
        Operand o{addresses[k], {}};
        for (size_t a = 0; a < axes.dims.size(); ++a) o.strides[a] = static_cast<int32_t>(axes.strides[k][a]);
        std::memcpy(bytes.data() + k * sizeof o, &o, sizeof o);
    }
    Tail tail{};
    for (size_t a = 0; a < axes.dims.size(); ++a) tail.dims[a] = static_cast<int32_t>(axes.dims[a]);
    tail.rank = static_cast<int32_t>(axes.dims.size());
    tail.total = static_cast<int32_t>(axes.count());
    std::memcpy(bytes.data() + addresses.size() * sizeof(Operand), &tail, sizeof tail);
    return bytes;
}

std::vector<LaunchSpec> launches(const KernelArgs& args, int vector, const DeviceProperties& device) {
    const TensorView& y = args.outputs[0];
    const std::span<const int64_t> dims(y.dims.data(), static_cast<size_t>(y.rank));
    Axes axes{{dims.begin(), dims.end()}, {}};
    std::vector<void*> addresses;
    std::vector<uint64_t> sizes;
    for (const auto list : {args.outputs, args.inputs}) {
        for (const TensorView& v : list) {
            const DeviceView b = broadcastView(v, dims);
            axes.strides.emplace_back(b.strides, b.strides + dims.size());
            addresses.push_back(v.data);
            sizes.push_back(dtypeSize(v.dtype));
        }
    }
    axes.simplify();
    bool outputsContiguous = true;  // a broadcast output cannot be written as a vector
    for (size_t k = 0; k < args.outputs.size(); ++k) outputsContiguous = outputsContiguous && axes.strides[k].back() == 1;
    const bool vectors = outputsContiguous && vector > 1 && axes.vectorWidth(vector, addresses, sizes) == vector;
    LaunchSpec spec;
    spec.dependent = true;
    spec.entry = vectors ? "pointwise_vector" : "pointwise_scalar";
    spec.block = {kThreads, 1, 1};
    spec.grid = gridFor(axes.count(), kThreads, device, vectors ? vector : 1);
    const auto bytes = nestBytes(axes, addresses);
    spec.params.addBytes(bytes.data(), bytes.size(), 8);
    return {spec};
}

std::optional<TacticInfo> supports(const LayerDesc& d, const DeviceProperties& device) {
    if (!storable(d) || !wellFormed(d) || d.inputs.size() + d.outputs.size() > 24) return std::nullopt;
    if (!programText(d)) return std::nullopt;
    TacticInfo info = anyStrides(d);
    info.estimate = moveEstimate(d, device);
    return info;
}

Specialization make(const LayerDesc& d, const DeviceProperties& device) {
    Source source;
    source.file = "pointwise.cu";
    source.generated.emplace_back("program.cuh", *programText(d));
    return {std::move(source), [vector = vectorOf(d), device](const KernelArgs& args) { return launches(args, vector, device); }};
}

SINTER_CUDA_KERNEL(pointwise)({.name = "any_pointwise__cuda", .op = "Pointwise", .supports = supports, .make = make, .pack = {}});

}  // namespace
}  // namespace sinter::cuda
