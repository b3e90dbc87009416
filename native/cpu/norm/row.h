#pragma once
#include <memory>
#include <string>

#include "core/kernel.h"
#include "cpu/pointwise/program.h"
#include "cpu/simd/isa_family.h"

namespace sinter::norm {

/// The layer's program, compiled for an instruction set; null where it has none, or one that is not compiled.
inline std::shared_ptr<const pointwise::Program> programOf(const LayerDesc& layer, const simd::IsaFamily& f) {
    return layer.program.empty() ? nullptr : pointwise::Program::compile(layer.program, f);
}

/// A row of one instruction set for kernels that are made of (layer, its plan, the set).
template <class Made, auto kSupports, auto kPlanOf>
KernelRow row(const simd::IsaFamily& f, const char* op, std::string name) {
    KernelRow r;
    r.name = std::move(name);
    r.op = op;
    r.isa = f.isa;
    r.supports = [&f](const LayerDesc& l, int threads) { return kSupports(l, f, threads); };
    r.make = [&f](const LayerDesc& l, int) -> std::unique_ptr<Kernel> { return std::make_unique<Made>(l, *kPlanOf(l), f); };
    return r;
}

}  // namespace sinter::norm
