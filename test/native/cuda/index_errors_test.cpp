// What kernels on a GPU find wrong with the contents of their inputs becomes the CPU's sentence.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "cases/case.h"
#include "cases/device_rows.h"
#include "core/error.h"
#include "core/kernel.h"
#include "core/thread_pool.h"

namespace sinter::cases {
namespace {

struct Operands {
    std::vector<float> x{1, 2, 3, 4, 5, 6};
    std::vector<int64_t> indices;
    std::vector<float> y = std::vector<float>(8, 0.0F);

    std::string errorOf(Kernel& kernel) {
        const auto view = [](void* data, DType t, std::vector<int64_t> dims) {
            TensorView v;
            v.data = data;
            v.dtype = t;
            v.rank = static_cast<int>(dims.size());
            std::copy(dims.begin(), dims.end(), v.dims.begin());
            v.strides = linearStrides(dims);
            return v;
        };
        const std::vector<TensorView> in{view(x.data(), DType::F32, {6}), view(indices.data(), DType::I64, {static_cast<int64_t>(indices.size())})};
        const std::vector<TensorView> out{view(y.data(), DType::F32, {static_cast<int64_t>(indices.size())})};
        ThreadPool pool(1);
        KernelArgs args;
        args.inputs = in;
        args.outputs = out;
        args.pool = &pool;
        try {
            kernel.run(args);
        } catch (const std::exception& e) {
            return e.what();
        }
        return {};
    }
};

TEST_CASE("cases: an index out of range names the layer on every device") {
    for (const char* op : {"Gather", "GatherElements"}) {
        LayerDesc d = Builder(op).input({6}).input({3}, DType::I64).output({3}).i("axis", 0).name("embedding").build().desc;
        d.name = "embedding";
        std::vector<KernelRow> rows = deviceRows(d);
        rows.push_back(*KernelRegistry::instance().find(op).front());
        for (const KernelRow& row : rows) {
            INFO(row.name);
            const auto kernel = row.make(d, 1);
            Operands o;
            o.indices = {1, 9, 2};
            CHECK(o.errorOf(*kernel).find("index 9 of layer \"embedding\" is outside an axis of 6 elements") != std::string::npos);
            o.indices = {5, -6, 0};  // the fault of one run is not the next one's
            CHECK(o.errorOf(*kernel).empty());
            CHECK(o.y[0] == 6);
            CHECK(o.y[1] == 1);
            o.indices = {1, -7, 2};
            CHECK(o.errorOf(*kernel).find("index -7 of layer") != std::string::npos);
        }
    }
}

}  // namespace
}  // namespace sinter::cases
