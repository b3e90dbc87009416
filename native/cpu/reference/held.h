#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "core/kernel.h"
#include "cpu/reference/strided.h"

namespace sinter::ref {

/// A dense row-major tensor made for one run.
struct Held {
    std::vector<std::byte> bytes;
    TensorView view;
    Held(DType type, std::span<const int64_t> dims) : bytes(static_cast<size_t>(countOf(dims)) * dtypeSize(type)) {
        view.data = bytes.data();
        view.dtype = type;
        view.rank = static_cast<int>(dims.size());
        std::copy(dims.begin(), dims.end(), view.dims.begin());
        view.strides = linearStrides(dims);
    }
};

/// The plain reference that takes a layer, or null.
inline const KernelRow* plainRow(const LayerDesc& d) {
    for (const KernelRow* row : KernelRegistry::instance().find(d.op))
        if (row->name.starts_with("any_") && row->name.ends_with("__scalar") && row->supports(d, 1)) return row;
    return nullptr;
}

}  // namespace sinter::ref
