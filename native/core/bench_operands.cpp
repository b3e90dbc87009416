#include "core/bench_operands.h"

#include "core/number_formats.h"
#include "core/random_data.h"
#include "core/strided_copy.h"

namespace sinter {
namespace {

/// Indices stay valid, and sequences have their full length.
HostMemory randomInput(const LayerDesc& layer, size_t input, bool once) {
    const TensorInfo& t = layer.inputs[input];
    HostMemory memory = randomData(t, static_cast<uint32_t>(1234 + input), once);
    const bool recurrent = layer.op == "LSTM" || layer.op == "GRU" || layer.op == "RNN";
    if (recurrent && input == 4 && layer.inputs[0].dims.size() == 3) {
        for (size_t i = 0; i < memory.bytes() / dtypeSize(t.dtype); ++i) storeElement(t.dtype, memory.data(), i, static_cast<double>(layer.inputs[0].dims[0]));
    }
    return memory;
}

/// Row-major numbers as `t` stores them.
HostMemory inLayout(const TensorInfo& t, const HostMemory& linear) {
    HostMemory stored(linear.bytes());
    TensorInfo plain = t;
    plain.layout.clear();
    copyStrided(makeView(t, stored.data()), makeView(plain, linear.data()));
    return stored;
}

bool isPacked(const TacticInfo& info, size_t i) { return i < info.packing.size() && !info.packing[i].recipe.empty(); }

}  // namespace

uint64_t BenchOperands::bytesOf(const LayerDesc& layer, const TacticInfo& info, size_t i) {
    return isPacked(info, i) ? (info.packing[i].bytes + 63) / 64 * 64 : paddedBytes(layer.inputs[i]);
}

const HostMemory& BenchOperands::of(Device& device, const LayerDesc& layer, const std::string& tactic, const TacticInfo& info, size_t i) {
    const TensorInfo& t = layer.inputs[i];
    if (!isPacked(info, i)) return plain(layer, i, t.layout);
    const auto& [recipe, bytes] = std::pair(info.packing[i].recipe, info.packing[i].bytes);
    const std::string key = std::to_string(i) + " packed " + recipe + " " + std::to_string(bytes);
    const auto known = made_.find(key);
    if (known != made_.end()) return known->second;
    HostMemory packed(bytes);
    device.pack(layer, tactic, static_cast<int>(i), plain(layer, i, t.layout).data(), packed.data());
    return made_.emplace(key, std::move(packed)).first->second;
}

const HostMemory& BenchOperands::plain(const LayerDesc& layer, size_t i, const std::string& layout) {
    const TensorInfo& t = layer.inputs[i];
    const bool any = !sameNumbers_ && !t.constant;
    const bool ordered = layout.empty() || layout == "linear" || t.count() == 0 || any;
    const std::string key = std::to_string(i) + " " + (ordered ? "" : layout);
    const auto known = made_.find(key);
    if (known != made_.end()) return known->second;
    return made_.emplace(key, ordered ? randomInput(layer, i, any) : inLayout(t, plain(layer, i, ""))).first->second;
}

}  // namespace sinter
