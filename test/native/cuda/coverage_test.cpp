// Layer kinds without a CUDA kernel run on the CPU, operands copied there and back: these and no others.
#include <doctest/doctest.h>

#include <set>
#include <string>

#include "core/kernel.h"
#include "cuda/kernel.h"

namespace sinter::cases {

TEST_CASE("every layer kind has a CUDA kernel, but for those that stay on the CPU") {
    std::set<std::string> missing;
    for (const KernelRow& row : KernelRegistry::instance().all()) {
        if (!row.op.starts_with("test.")) missing.insert(row.op);
    }
    for (const cuda::KernelRow& row : cuda::KernelTable::instance().all()) missing.erase(row.op);
    const std::set<std::string> onTheCpu{
        // Their results are as long as what the data selects: the CPU counts it to know the shape.
        "Compress", "NonMaxSuppression", "NonZero", "Unique",
        // One generator's numbers in order.
        "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike",
        // A small table of weights.
        "MelWeightMatrix"};
    for (const std::string& op : missing) CHECK_MESSAGE(onTheCpu.contains(op), op, " has no CUDA kernel");
    for (const std::string& op : onTheCpu) CHECK_MESSAGE(missing.contains(op), op, " has one");
}

}  // namespace sinter::cases
