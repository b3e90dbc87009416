// Engine files that were made wrong, on the emulated GPU. An engine with open sizes has its kernels compiled ahead of its plan:
// that looks at layers before anything else does.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "core/crc32.h"
#include "core/device.h"
#include "core/engine.h"
#include "core/engine_format.h"
#include "core/error.h"
#include "core/execution_context.h"
#include "core/messages.h"
#include "core/temporary.h"

namespace sinter::test {
namespace {

Msg numbers(const char* name, std::vector<int64_t> v) { return Msg().str(1, name).sub(5, Msg().packed(1, std::move(v))); }

/// x[N, 1, 4, 4] → y[N, 1, 2, 2], the largest of each 2x2 pixels.
Msg pooling(const std::vector<Msg>& attributes) {
    Msg pool = layer("pool", "MaxPool", "any_maxpool__cuda", {0}, 1, {1});
    pool.str(8, "cuda:0");
    for (const Msg& a : attributes) pool.sub(3, a);
    Msg e;
    e.num(1, 1).str(3, "pooling").str(5, "N").sub(4, Msg().str(1, "test").str(4, "cuda:0"));
    e.sub(6, Msg().sub(1, Msg().num(1, 1).num(2, 2).num(3, 8)));
    e.sub(7, value("x", DType::F32, {symbol(0), constant(1), constant(4), constant(4)}).num(8, 1));
    e.sub(7, value("y", DType::F32, {symbol(0), constant(1), constant(2), constant(2)}).num(8, 1));
    e.sub(8, Msg().str(1, "x").num(2, 0)).sub(9, Msg().str(1, "y").num(2, 1));
    return e.sub(10, pool).sub(12, Msg().num(1, 0)).num(14, 1);
}

/// The file of a header without weights and kernels: writeEngine would compile them.
std::string fileOf(const Msg& engine) {
    const std::string& header = engine.bytes();
    format::Preamble p{};
    std::memcpy(p.magic, format::kMagic, sizeof p.magic);
    p.version = format::kVersion;
    p.headerBytes = header.size();
    p.blobOffset = format::alignUp(sizeof p + header.size());
    p.headerCrc = crc32(std::as_bytes(std::span(header)));
    std::string file(p.blobOffset, '\0');
    std::memcpy(file.data(), &p, sizeof p);
    std::memcpy(file.data() + sizeof p, header.data(), header.size());
    return file;
}

/// y for x = 1 … 16, or the sentence of what refuses.
std::string outcome(const TemporaryDir& dir, const Msg& engine) {
    const std::string path = dir.file("e.sinter");
    writeFile(path, fileOf(engine));
    try {
        ExecutionContext c(Engine::load(path), 1);
        const std::vector<std::vector<int64_t>> shapes{{1, 1, 4, 4}};
        c.setShapes(shapes);
        std::array<float, 16> x{};
        for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i + 1);
        std::array<float, 4> y{};
        const void* in[] = {x.data()};
        void* out[] = {y.data()};
        c.run(in, out);
        std::string text;
        for (const float v : y) text += std::to_string(static_cast<int>(v)) + " ";
        return text;
    } catch (const Error& e) {
        return e.what();
    }
}

}  // namespace

TEST_CASE("GPU faults: a layer that contradicts itself is refused before its kernel is compiled") {
    const auto& devices = DeviceRegistry::instance().all();
    if (std::none_of(devices.begin(), devices.end(), [](const auto& d) { return d->info().name == "Emulated GPU"; })) {
        MESSAGE("there is no emulated GPU: the test was not run");
        return;
    }
    const TemporaryDir dir;
    const Msg window = numbers("kernel_shape", {2, 2}), pads = numbers("pads", {0, 0, 0, 0});
    CHECK(outcome(dir, pooling({window, pads, numbers("strides", {2, 2})})) == "6 8 14 16 ");
    for (const std::vector<Msg>& wrong : std::vector<std::vector<Msg>>{{window, pads}, {window, numbers("strides", {2, 2})}, {pads, numbers("strides", {2, 2})}}) {
        CHECK(outcome(dir, pooling(wrong)) == "layer \"pool\" (MaxPool) contradicts itself: its window has another number of dimensions");
    }
}

}  // namespace sinter::test
