#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <set>

#include "core/number_formats.h"
#include "cuda/driver.h"
#include "cuda/gemm/tiles.h"
#include "cuda/module.h"

using namespace sinter;
using namespace sinter::cuda;

namespace {

DeviceProperties card(int major, int minor, int multiprocessors, uint32_t shared) {
    DeviceProperties p;
    p.major = major;
    p.minor = minor;
    p.multiprocessors = multiprocessors;
    p.sharedPerBlock = shared;
    p.sharedPerMultiprocessor = shared + 1024;
    p.bytesPerNs = 4000;
    p.clockGhz = 1.98;
    return p;
}
DeviceProperties hopper() { return card(9, 0, 132, 227 * 1024); }
DeviceProperties ampere() { return card(8, 0, 108, 163 * 1024); }
DeviceProperties blackwell() { return card(10, 0, 148, 227 * 1024); }

TensorInfo tensor(DType type, std::vector<int64_t> dims, bool constant = false) {
    TensorInfo t;
    t.dtype = type;
    t.dims = std::move(dims);
    t.constant = constant;
    return t;
}

struct ConvOptions {
    int64_t kernel = 3, stride = 1, pad = 1, group = 1;
    bool residual = true;
};
/// A convolution with bias, residual and Relu, as the fusion passes leave it.
LayerDesc convolution(DType type, int64_t n, int64_t c, int64_t size, int64_t m, ConvOptions o = {}) {
    LayerDesc d;
    d.name = "conv";
    d.op = "Conv";
    const int64_t out = (size + 2 * o.pad - o.kernel) / o.stride + 1;
    d.attrs = {{"kernel_shape", std::vector<int64_t>{o.kernel, o.kernel}}, {"strides", std::vector<int64_t>{o.stride, o.stride}},
               {"dilations", std::vector<int64_t>{1, 1}}, {"pads", std::vector<int64_t>(4, o.pad)}, {"group", o.group}};
    d.inputs = {tensor(type, {n, c, size, size}), tensor(DType::F32, {m, c / o.group, o.kernel, o.kernel}, true), tensor(DType::F32, {m}, true)};
    d.opInputs = 3;
    d.outputs = {tensor(type, {n, m, out, out})};
    if (type == DType::I8) {
        d.inputs[0].scale = {0.05};
        d.outputs[0].scale = {0.1};
    }
    if (o.residual) {
        d.inputs.push_back(d.outputs[0]);
        d.program.inputCount = 2;
        d.program.code = {{"Add", {0, 1}, DType::F32, {}}, {"Relu", {2}, DType::F32, {}}};
        d.program.outputs = {3};
    }
    return d;
}

LayerDesc product(DType type, int64_t rows, int64_t k, int64_t n) {
    LayerDesc d;
    d.name = "matmul";
    d.op = "MatMul";
    d.attrs = {{"trans_a", int64_t{0}}, {"trans_b", int64_t{0}}, {"alpha", 1.0}};
    d.inputs = {tensor(type, {2, rows / 2, k}), tensor(DType::F32, {k, n}, true), tensor(DType::F32, {n}, true)};
    d.opInputs = 3;
    d.outputs = {tensor(type, {2, rows / 2, n})};
    d.program.inputCount = 1;
    d.program.code = {{"Gelu", {0}, DType::F32, {0}}};
    d.program.outputs = {1};
    return d;
}

struct Offer {
    const cuda::KernelRow* row;
    TacticInfo info;
};
std::vector<Offer> offered(const LayerDesc& d, const DeviceProperties& device) {
    std::vector<Offer> result;
    for (const cuda::KernelRow* row : KernelTable::instance().find(d.op, device)) {
        if (row->name.starts_with("any_")) continue;
        if (auto info = row->supports(d, device)) result.push_back({row, *info});
    }
    std::sort(result.begin(), result.end(), [](const Offer& a, const Offer& b) { return a.info.estimate < b.info.estimate; });
    return result;
}
bool isWgmma(const Offer& o) { return o.row->name.find("wgmma") != std::string::npos; }

}  // namespace

TEST_CASE("tensor-core rows: a few tiles per layer, of the layer's type and the card's generation") {
    for (const DType type : {DType::F16, DType::BF16, DType::I8}) {
        const LayerDesc d = convolution(type, 32, 256, 14, 256);
        const auto rows = offered(d, hopper());
        CAPTURE(dtypeName(type));
        REQUIRE(rows.size() >= 4);
        CHECK(std::count_if(rows.begin(), rows.end(), [](const Offer& o) { return o.row->name.find("_patch_") == std::string::npos; }) <= 16);  // 12 and ties
        const std::string prefix = type == DType::F16 ? "f16_conv2d__" : type == DType::BF16 ? "bf16_conv2d__" : "i8_conv2d__";
        for (const Offer& o : rows) CHECK(o.row->name.starts_with(prefix));
        CHECK(isWgmma(rows[0]));
        const auto older = offered(d, ampere());
        REQUIRE(!older.empty());
        for (const Offer& o : older) {
            CHECK(!isWgmma(o));
            CHECK(o.row->name.find("_k") == std::string::npos);  // clusters came with Hopper
        }
        CHECK(std::none_of(older.begin(), older.end(), isWgmma));
    }
    // Float32: rows of TF32 operands (which builders take only with permission) and rows that keep all bits.
    const auto offers = [](const LayerDesc& d, const std::string& prefix) {
        const auto rows = offered(d, hopper());
        return std::any_of(rows.begin(), rows.end(), [&](const Offer& o) { return o.row->name.starts_with(prefix); });
    };
    for (const std::string prefix : {"tf32_conv2d__sm", "f32_conv2d_tf32x3__sm"}) {
        CHECK(offers(convolution(DType::F32, 1, 64, 14, 64), prefix + "80_mma"));
        CHECK(offers(convolution(DType::F32, 32, 256, 14, 256), prefix + "90_wgmma"));
    }
}

TEST_CASE("tensor-core rows: a small image splits its reduction, a large batch does not") {
    const auto small = offered(convolution(DType::F16, 1, 512, 7, 512), hopper());
    REQUIRE(!small.empty());
    CHECK(small[0].row->name.find("_k") != std::string::npos);
    const auto large = offered(convolution(DType::F16, 32, 64, 56, 256, {.kernel = 1, .pad = 0}), hopper());
    REQUIRE(!large.empty());
    CHECK(large[0].row->name.find("_k") == std::string::npos);
}

TEST_CASE("tensor-core rows: rules for storage") {
    const auto rows = offered(convolution(DType::F16, 8, 64, 14, 64), hopper());
    REQUIRE(!rows.empty());
    for (const Offer& o : rows) {
        CHECK(o.info.inputLayouts[0] == "nhwc");
        CHECK(o.info.inputLayouts[3] == "nhwc");
        CHECK(o.info.outputLayouts[0] == "nhwc");
        CHECK(o.info.inputViews[0] == 8);
        CHECK(o.info.outputViews[0] == 8);
        CHECK(o.info.packing[1].recipe == "cuda_krsc16_f16");
        CHECK(o.info.packing[1].bytes == 64 * 64 * 9 * 2);
    }
    // 20 channels make copies of 8 bytes; 3 channels none.
    const auto narrow = offered(convolution(DType::F16, 8, 20, 14, 64), hopper());
    REQUIRE(!narrow.empty());
    CHECK(narrow[0].info.inputViews[0] == 4);
    for (const Offer& o : offered(convolution(DType::F16, 8, 3, 14, 64), hopper())) CHECK(o.row->name.find("_stem_") != std::string::npos);
}

TEST_CASE("tensor-core rows: packed weights hold channels innermost, rows padded to 16 bytes") {
    LayerDesc d = convolution(DType::F16, 1, 20, 5, 3);  // 180 numbers a row, padded to 184
    std::vector<float> raw(3 * 20 * 9);
    for (size_t i = 0; i < raw.size(); ++i) raw[i] = static_cast<float>(i % 2039) - 1000;
    const auto problem = gemm::problemOf(d);
    REQUIRE(problem);
    CHECK(problem->weightRow() == 184);
    std::vector<uint16_t> packed(3 * 184, 0xffff);
    gemm::packWeights(d, *problem, raw.data(), packed.data());
    for (size_t m = 0; m < 3; ++m) {
        for (size_t c = 0; c < 20; ++c) {
            for (size_t t = 0; t < 9; ++t) CHECK(loadElement(DType::F16, packed.data(), m * 184 + t * 20 + c) == raw[(m * 20 + c) * 9 + t]);
        }
        for (size_t pad = 180; pad < 184; ++pad) CHECK(packed[m * 184 + pad] == 0);
    }
    const LayerDesc p = product(DType::F16, 4, 3, 2);
    const float b[] = {1, 2, 3, 4, 5, 6};
    std::vector<uint16_t> rows(2 * 8, 0xffff);
    gemm::packWeights(p, *gemm::problemOf(p), b, rows.data());
    CHECK(loadElement(DType::F16, rows.data(), 1) == 3);
    CHECK(loadElement(DType::F16, rows.data(), 8) == 2);
}

TEST_CASE("tensor-core rows: float32 weights as two TF32 numbers") {
    const LayerDesc d = convolution(DType::F32, 1, 32, 4, 2, {.kernel = 1, .pad = 0});
    std::vector<float> raw(64);
    for (size_t i = 0; i < 64; ++i) raw[i] = std::ldexp(1.0F + static_cast<float>(i * 7919 % 8191) / 8191.0F, static_cast<int>(i % 9) - 4) * (i % 2 ? 1.0F : -1.0F);
    auto problem = gemm::problemOf(d);
    REQUIRE(problem);
    problem->operand = gemm::Operand::F32;
    problem->parts = 2;
    CHECK(gemm::packingOf(*problem).recipe == "cuda_krsc16_f32x2");
    std::vector<float> packed(gemm::packingOf(*problem).bytes / 4);
    REQUIRE(packed.size() == 128);
    gemm::packWeights(d, *problem, raw.data(), packed.data());
    for (size_t i = 0; i < 64; ++i) {
        CHECK((std::bit_cast<uint32_t>(packed[i]) & 0x1fffU) == 0);
        CHECK((std::bit_cast<uint32_t>(packed[64 + i]) & 0x1fffU) == 0);
        CHECK(std::fabs(packed[i] - raw[i]) <= std::fabs(raw[i]) * 0x1p-11F);
        CHECK(std::fabs(packed[i] + packed[64 + i] - raw[i]) <= std::fabs(raw[i]) * 0x1p-22F);
    }
}

TEST_CASE("tensor-core rows: INT8 weights bring one factor per column") {
    const LayerDesc d = convolution(DType::I8, 1, 32, 4, 2, {.kernel = 1, .pad = 0});
    std::vector<float> raw(64);
    for (size_t i = 0; i < 64; ++i) raw[i] = i < 32 ? 1.27F * (i == 5 ? 1.0F : 0.5F) : 0.0F;
    const auto problem = gemm::problemOf(d);
    REQUIRE(problem);
    std::vector<std::byte> packed(gemm::packingOf(*problem).bytes);
    gemm::packWeights(d, *problem, raw.data(), packed.data());
    CHECK(static_cast<int8_t>(packed[5]) == 127);
    CHECK(static_cast<int8_t>(packed[4]) == 64);  // 63.5 rounds to even
    float factors[2];
    std::memcpy(factors, packed.data() + gemm::factorsOffset(*problem), sizeof factors);
    CHECK(factors[0] == doctest::Approx(0.05 * 0.01));
    CHECK(factors[1] == doctest::Approx(0.05));
}

TEST_CASE("first convolutions take planes, depthwise ones and attention have kernels of their own") {
    LayerDesc first = convolution(DType::F16, 8, 3, 32, 64, {.kernel = 7, .stride = 2, .pad = 3, .residual = false});
    first.inputs[0].dtype = DType::F32;
    const auto stems = offered(first, hopper());
    REQUIRE(!stems.empty());
    for (const Offer& o : stems) {
        CHECK(o.row->name.starts_with("f16_conv2d_stem__"));
        CHECK(o.info.inputLayouts[0] == "linear");
        CHECK(o.info.outputLayouts[0] == "nhwc");
    }
    // A filter row of seven taps becomes eight of four channels.
    std::vector<float> raw(64 * 3 * 49);
    for (size_t i = 0; i < raw.size(); ++i) raw[i] = static_cast<float>(i % 2039) - 1000;
    const auto stem = std::find_if(stems.begin(), stems.end(), [](const Offer& o) { return o.info.packing[1].recipe.starts_with("cuda_krs4_"); });
    REQUIRE(stem != stems.end());
    std::vector<uint16_t> packed(stem->info.packing[1].bytes / 2, 0xffff);
    REQUIRE(packed.size() == 64 * 7 * 8 * 4);
    stem->row->pack(first, 1, raw.data(), packed.data());
    CHECK(loadElement(DType::F16, packed.data(), ((5 * 7 + 3) * 8 + 6) * 4 + 2) == raw[((5 * 3 + 2) * 7 + 3) * 7 + 6]);
    CHECK(packed[((5 * 7 + 3) * 8 + 7) * 4] == 0);
    CHECK(packed[((5 * 7 + 3) * 8 + 6) * 4 + 3] == 0);

    LayerDesc patches = convolution(DType::F16, 2, 3, 32, 96, {.kernel = 8, .stride = 8, .pad = 0, .residual = false});
    patches.inputs[0].dtype = DType::F32;
    const auto products = offered(patches, hopper());
    CHECK(std::any_of(products.begin(), products.end(), [](const Offer& o) { return o.row->name.find("_patches__") != std::string::npos && o.info.workspace == 32 * 192 * 2; }));

    for (const DType type : {DType::F16, DType::BF16, DType::F32, DType::I8}) {
        const auto rows = offered(convolution(type, 2, 32, 14, 32, {.group = 32, .residual = false}), ampere());
        CAPTURE(dtypeName(type));
        REQUIRE(!rows.empty());
        for (const Offer& o : rows) CHECK(o.row->name.find("_conv2d_dw__") != std::string::npos);
    }

    LayerDesc attention;
    attention.op = "Attention";
    attention.attrs = {{"scale", 0.125}};
    attention.inputs = {tensor(DType::F16, {2, 12, 128, 64}), tensor(DType::F16, {2, 12, 100, 64}), tensor(DType::F16, {2, 12, 100, 64}), tensor(DType::F32, {2, 1, 1, 100})};
    attention.opInputs = 4;
    attention.outputs = {tensor(DType::F16, {2, 12, 128, 64})};
    CHECK(offered(attention, ampere()).size() == 12);
    const auto warpgroups = offered(attention, hopper());
    CHECK(std::any_of(warpgroups.begin(), warpgroups.end(), isWgmma));
    attention.inputs[0].dims[3] = attention.inputs[1].dims[3] = 63;
    CHECK(offered(attention, hopper()).empty());
}

TEST_CASE("tensor-core rows: the best kernels of each layer compile") {
    if (!Compiler::get()) {
        std::fprintf(stderr, "NOT CHECKED: no NVRTC on this machine, so CUDA kernels were not compiled (%s)\n", Compiler::problem().c_str());
        return;
    }
    std::vector<LayerDesc> layers{convolution(DType::F16, 32, 128, 28, 128), convolution(DType::F16, 1, 512, 7, 512), convolution(DType::I8, 4, 64, 14, 72),
                                  convolution(DType::F16, 2, 20, 9, 24, {.stride = 2}), product(DType::BF16, 254, 768, 768)};
    for (const int64_t batch : {1, 32}) layers.push_back(convolution(DType::F32, batch, 64, 14, 64));
    layers.push_back(product(DType::F32, 254, 768, 768));
    layers.push_back(convolution(DType::F16, 1, 32, 14, 32, {.group = 32}));
    layers.push_back(convolution(DType::F16, 1, 3, 32, 64, {.kernel = 7, .stride = 2}));
    layers.push_back(convolution(DType::F32, 1, 3, 32, 64, {.kernel = 7, .stride = 2, .residual = false}));
    layers.push_back(convolution(DType::F32, 8, 96, 56, 96, {.group = 96, .residual = false}));
    layers.push_back(convolution(DType::F16, 1, 3, 224, 768, {.kernel = 16, .stride = 16, .pad = 0, .residual = false}));
    layers.push_back({.name = "attention", .op = "Attention", .attrs = {{"scale", 0.125}},
                      .inputs = std::vector<TensorInfo>(3, tensor(DType::BF16, {1, 2, 50, 64})), .opInputs = 3, .outputs = {tensor(DType::BF16, {1, 2, 50, 64})},
                      .program = {}, .dims = {}});
    for (const DType type : {DType::F16, DType::F32}) {
        layers.push_back({.name = "attention", .op = "Attention", .attrs = {{"scale", 0.125}},
                          .inputs = std::vector<TensorInfo>(3, tensor(type, {1, 2, 300, 128})), .opInputs = 3, .outputs = {tensor(type, {1, 2, 300, 128})}, .program = {}, .dims = {}});
    }
    std::set<std::string> done;
    for (const DeviceProperties& device : {hopper(), ampere(), blackwell()}) {
        for (const LayerDesc& d : layers) {
            auto best = offered(d, device);
            best.resize(std::min<size_t>(best.size(), 3));
            for (const Offer& o : best) {
                const Source source = o.row->make(d, device).source;
                const std::string key = keyOf(source, device);
                if (!done.insert(key).second) continue;
                CAPTURE(o.row->name);
                CHECK_NOTHROW(compileSource(source, key.substr(0, key.find(':')), key));
            }
        }
    }
    CHECK(done.size() > 30);
}
