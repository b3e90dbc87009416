#include "core/engine.h"

#include <doctest/doctest.h>

#include <cstring>
#include <random>

#include "core/crc32.h"
#include "core/engine_format.h"
#include "core/engine_writer.h"
#include "core/error.h"
#include "core/execution_context.h"
#include "core/host_memory.h"
#include "core/sample_engine.h"
#include "core/temporary.h"

using namespace sinter;
using namespace sinter::test;

namespace {

void write(const std::string& path, const Msg& engine, const StopToken* stop = nullptr) {
    const std::string header = engine.bytes();
    writeEngine(path, std::as_bytes(std::span(header)), {}, {}, stop);
}

/// Loads what `bytes` says; the failure's code and sentence, or None.
std::pair<ErrorCode, std::string> loading(const TemporaryDir& dir, const std::string& bytes) {
    const std::string path = dir.file("e.sinter");
    writeFile(path, bytes);
    try {
        Engine::load(path);
    } catch (const Error& e) {
        return {e.code, e.what()};
    }
    return {ErrorCode::None, ""};
}

std::string sampleBytes(const TemporaryDir& dir, const Msg& engine = sampleEngine()) {
    write(dir.file("sample.sinter"), engine);
    return readFile(dir.file("sample.sinter"));
}

/// Makes the header's checksum right again after an edit.
std::string resealed(std::string bytes) {
    format::Preamble p;
    std::memcpy(&p, bytes.data(), sizeof p);
    p.headerCrc = crc32(std::as_bytes(std::span(bytes)).subspan(sizeof p, p.headerBytes));
    std::memcpy(bytes.data(), &p, sizeof p);
    return bytes;
}

struct Result {
    std::vector<float> both, sum, same;
};
Result run(ExecutionContext& c, int64_t n, const std::vector<float>& x) {
    const std::vector<std::vector<int64_t>> shapes{{n, 4}};
    c.setShapes(shapes);
    Result r{std::vector<float>(static_cast<size_t>(n * 8)), std::vector<float>(static_cast<size_t>(n * 4)),
             std::vector<float>(static_cast<size_t>(n * 4))};
    const void* in[] = {x.data()};
    void* out[] = {r.both.data(), r.sum.data(), r.same.data()};
    c.run(in, out);
    return r;
}

}  // namespace

TEST_CASE("an engine runs: symbols, weights, slices as outputs of layers, outputs that are copies") {
    const TemporaryDir dir;
    write(dir.file("a.sinter"), sampleEngine());
    CHECK(dir.entries() == 1);
    const auto engine = Engine::load(dir.file("a.sinter"));
    engine->verifyWeights();
    ExecutionContext c(engine, 1);
    ExecutionContext other(engine, 2);
    const Result one = run(c, 1, {1, -2, 3, -4});
    CHECK(one.both == std::vector<float>{4, 0, 12, 0, 1, 0, 3, 0});
    CHECK(one.sum == std::vector<float>{5, 0, 15, 0});
    CHECK(one.same == std::vector<float>{1, -2, 3, -4});
    const Result two = run(other, 2, {0, 0, 0, 0, 1, 1, 1, 1});
    CHECK(two.both == std::vector<float>{2, 4, 6, 8, 0, 0, 0, 0, 4, 6, 8, 10, 1, 1, 1, 1});
    CHECK(two.sum == std::vector<float>{2, 4, 6, 8, 5, 7, 9, 11});
    CHECK(run(c, 2, {0, 0, 0, 0, 1, 1, 1, 1}).sum == two.sum);  // another shape, and back
    CHECK(run(c, 1, {1, -2, 3, -4}).both == one.both);
    CHECK_THROWS_WITH_AS(run(c, 9, std::vector<float>(36)), "input \"x\" is 9×4: its dimension 0 (\"N\") is 9, the engine was built for 1 to 8", Error);
    CHECK(run(c, 8, std::vector<float>(32)).sum.size() == 32);
}

TEST_CASE("two optimization profiles: the nearest runs, a named one is kept to, each in its own arena") {
    const TemporaryDir dir;
    write(dir.file("p.sinter"), sampleEngine({.requiredFeature = "profiles", .twoProfiles = true}));
    const auto engine = Engine::load(dir.file("p.sinter"));
    CHECK(engine->profileCount() == 2);
    CHECK(engine->profile(1).header().arenaBytes == 8192);
    CHECK(&engine->profile(1).weights() == &engine->weights());
    ExecutionContext any(engine, 1), second(engine, 1, true, 1);
    const std::vector<float> x(64 * 4, 1);
    const auto sum = [&](ExecutionContext& c, int64_t n) { return run(c, n, std::vector<float>(x.begin(), x.begin() + n * 4)).sum; };
    for (const auto& [n, profile] : std::vector<std::pair<int64_t, size_t>>{{1, 0}, {4, 0}, {8, 1}, {64, 1}, {2, 0}}) {
        CHECK(sum(any, n)[static_cast<size_t>(n * 4 - 1)] == 11);
        CHECK(any.profile() == profile);
    }
    CHECK(sum(second, 4).back() == 11);
    CHECK(second.profile() == 1);
    CHECK_THROWS_WITH_AS(sum(second, 2), "input \"x\" is 2×4: its dimension 0 (\"N\") is 2, the engine was built for 4 to 64 in profile 1", Error);
    CHECK_THROWS_WITH_AS(run(any, 65, std::vector<float>(260)), "input \"x\" is 65×4: its dimension 0 (\"N\") is 65, the engine was built for 1 to 8 in profile 0, 4 to 64 in profile 1", Error);
    CHECK_THROWS_WITH_AS(ExecutionContext(engine, 1, true, 2), "there is no optimization profile 2, the engine has 2", Error);
}

namespace {
/// The sample engine with one more value, a view, that is also an output; run at N = 2 with x = 1 … 8.
std::vector<float> viewed(const TemporaryDir& dir, const std::vector<Msg>& shape, const Msg& view, size_t count) {
    write(dir.file("v.sinter"), sampleEngine().sub(7, value("v", DType::F32, shape).sub(7, view)).sub(9, Msg().str(1, "v").num(2, 6)));
    ExecutionContext c(Engine::load(dir.file("v.sinter")), 1);
    const std::vector<std::vector<int64_t>> shapes{{2, 4}};
    c.setShapes(shapes);
    std::vector<float> x{1, 2, 3, 4, 5, 6, 7, 8}, both(16), sum(8), same(8), v(count);
    CHECK(c.output(3).count() == static_cast<int64_t>(count));
    const void* in[] = {x.data()};
    void* out[] = {both.data(), sum.data(), same.data(), v.data()};
    c.run(in, out);
    return v;
}
std::string viewRefusal(const TemporaryDir& dir, const std::vector<Msg>& shape, const Msg& view) {
    try {
        viewed(dir, shape, view, 8);
    } catch (const Error& e) {
        return e.what();
    }
    return "accepted";
}
}  // namespace

TEST_CASE("views: slices, permutations and reshapes of inputs, arena values and other views") {
    const TemporaryDir dir;
    const Msg permuteX = Msg().num(1, 0).num(2, 1).packed(5, {1, 0});
    CHECK(viewed(dir, {constant(4), symbol(0)}, permuteX, 8) == std::vector<float>{1, 5, 2, 6, 3, 7, 4, 8});
    const Msg reshapeBoth = Msg().num(1, 2).num(2, 2);
    CHECK(viewed(dir, {dimOp(3, {symbol(0), constant(8)})}, reshapeBoth, 16) ==
          std::vector<float>{4, 8, 12, 16, 1, 2, 3, 4, 12, 16, 20, 24, 5, 6, 7, 8});
    const auto sliceOf = [](int of, int start) { return Msg().num(1, static_cast<uint64_t>(of)).num(2, 0).num(3, 1).sub(4, constant(start)); };
    CHECK(viewed(dir, {symbol(0), constant(2)}, sliceOf(4, 1), 4) == std::vector<float>{2, 3, 6, 7});  // a slice of a slice
    CHECK(viewRefusal(dir, {symbol(0), constant(4)}, sliceOf(2, 6)) == "view \"v\" does not fit into what it is a slice of");
    CHECK(viewRefusal(dir, {symbol(0), constant(4)}, sliceOf(2, -1)) == "view \"v\" does not fit into what it is a slice of");
    CHECK(viewRefusal(dir, {constant(8)}, Msg().num(1, 3).num(2, 2)) == "view \"v\" reshapes storage that is not dense and row-major");
    CHECK(viewRefusal(dir, {constant(9)}, Msg().num(1, 0).num(2, 2)) == "view \"v\" has another number of elements than what it reshapes");
}

TEST_CASE("a header whose layers contradict themselves is refused before a kernel sees it") {
    const TemporaryDir dir;
    const auto refusal = [&](const Msg& added) {
        write(dir.file("c.sinter"), sampleEngine().sub(7, value("t", DType::F32, {symbol(0), constant(4)}).num(5, 1024).num(9, 128)).sub(10, added));
        ExecutionContext c(Engine::load(dir.file("c.sinter")), 1);
        try {
            run(c, 2, std::vector<float>(8, 1));
        } catch (const Error& e) {
            CHECK(e.layer == "odd");
            return std::string(e.what());
        }
        return std::string("it ran");
    };
    const auto odd = [](std::vector<int64_t> inputs, const Msg& p) {
        const int n = static_cast<int>(inputs.size());
        return layer("odd", "Pointwise", "any_pointwise__scalar", std::move(inputs), n, {6}).sub(7, p);
    };
    const Msg relu = program(1, {instruction("Relu", {0})}, {1});
    CHECK(refusal(odd({0}, relu)) == "it ran");
    CHECK(refusal(odd({0, 1}, relu)) == "layer \"odd\" (Pointwise) contradicts itself: its program reads another number of operands");
    CHECK(refusal(odd({2}, relu)) == "layer \"odd\" (Pointwise) contradicts itself: an operand of its program does not spread over its result");
    CHECK(refusal(odd({-1}, relu)) == "layer \"odd\" (Pointwise) contradicts itself: an operand of its program is absent");
    CHECK(refusal(odd({0}, program(1, {instruction("Relu", {0})}, {1, 0}))) ==
          "layer \"odd\" (Pointwise) contradicts itself: its program has another number of results");
    const Msg matmul = layer("odd", "MatMul", "any_matmul__scalar", {0, 0}, 2, {6});
    CHECK(refusal(matmul) == "layer \"odd\" (MatMul) contradicts itself: its operands share no inner dimension");
}

TEST_CASE("storage that is too small for a shape is refused before anything runs") {
    const TemporaryDir dir;
    // Like "both", but reserved for 64 bytes: enough for N = 2 with 8 columns, not for more.
    Msg e = sampleEngine();
    e.sub(7, value("tight", DType::F32, {symbol(0), constant(8)}).num(5, 512).num(9, 64));
    e.sub(10, layer("fill", "Pointwise", "any_pointwise__scalar", {2}, 1, {6}).sub(7, program(1, {instruction("Relu", {0})}, {1})));
    write(dir.file("a.sinter"), e);
    ExecutionContext c(Engine::load(dir.file("a.sinter")), 1);
    CHECK(run(c, 2, std::vector<float>(8, 1)).sum.size() == 8);
    CHECK_THROWS_WITH_AS(run(c, 3, std::vector<float>(12, 1)), "value \"tight\" needs 96 bytes at 3×8, the engine reserved 64", Error);
}

TEST_CASE("profiles hold a sample per iteration and layer, and stop when told to") {
    const TemporaryDir dir;
    write(dir.file("a.sinter"), sampleEngine());
    ExecutionContext c(Engine::load(dir.file("a.sinter")), 1);
    const std::vector<std::vector<int64_t>> shapes{{2, 4}};
    c.setShapes(shapes);
    std::vector<float> x(8, 1), both(16), sum(8), same(8);
    const void* in[] = {x.data()};
    void* out[] = {both.data(), sum.data(), same.data()};
    int last = 0, total = 0;
    const ProfileResult p = c.profile(in, out, {2, 5}, [&](int done, int of) { last = done, total = of; });
    CHECK(p.total.size() == 5);
    CHECK(p.layers.size() == 3);
    for (const auto& l : p.layers) CHECK(l.size() == 5);
    CHECK(last == total);
    CHECK(sum == std::vector<float>{5, 7, 9, 11, 5, 7, 9, 11});
    StopToken stop{true};
    CHECK_THROWS_AS(c.profile(in, out, {2, 5}, {}, &stop), Error);
}

TEST_CASE("a file cut off anywhere is refused; so is one that goes on") {
    const TemporaryDir dir;
    const std::string bytes = sampleBytes(dir);
    for (size_t n = 0; n < bytes.size(); ++n) {
        const ErrorCode code = loading(dir, bytes.substr(0, n)).first;
        REQUIRE((code == ErrorCode::Truncated || (n == 0 && code == ErrorCode::Format)));
    }
    CHECK(loading(dir, bytes + "x").first == ErrorCode::Corrupt);
    CHECK(loading(dir, bytes).first == ErrorCode::None);
}

TEST_CASE("any changed byte of preamble or header is noticed, one of the weights on request") {
    const TemporaryDir dir;
    const std::string bytes = sampleBytes(dir);
    const size_t blob = bytes.size() - 64;
    for (size_t i = 0; i < blob; ++i) {
        std::string changed = bytes;
        changed[i] = static_cast<char>(changed[i] ^ 0x10);
        const bool padding = std::all_of(bytes.begin() + static_cast<long>(i), bytes.begin() + static_cast<long>(blob), [](char c) { return c == 0; });
        const bool blobCrc = i >= 44 && i < 48;
        if (!padding && !blobCrc) REQUIRE(loading(dir, changed).first != ErrorCode::None);
    }
    std::string changed = bytes;
    changed[blob + 3] ^= 1;
    writeFile(dir.file("e.sinter"), changed);
    const auto engine = Engine::load(dir.file("e.sinter"));
    CHECK_THROWS_AS(engine->verifyWeights(), Error);
}

TEST_CASE("foreign files are refused with a sentence") {
    const TemporaryDir dir;
    CHECK(loading(dir, "").second.ends_with("e.sinter is empty, not an engine file"));
    CHECK(loading(dir, "A perfectly ordinary text file, longer than any preamble could ever be expected to be.").second.ends_with("is not an engine file"));
    CHECK_THROWS_AS(Engine::load(dir.file("absent")), Error);
    CHECK_THROWS_AS(Engine::load("/"), Error);
    std::string newer = sampleBytes(dir);
    newer[8] = 2;
    CHECK(loading(dir, newer).second.ends_with("has engine format 2, this runtime reads format 1"));
    std::mt19937 random(3);
    for (int round = 0; round < 300; ++round) {
        std::string noise(random() % 4096, '\0');
        for (char& c : noise) c = static_cast<char>(random());
        REQUIRE(loading(dir, noise).first != ErrorCode::None);
    }
}

TEST_CASE("headers that ask for more than there is are refused with what they need") {
    const TemporaryDir dir;
    const auto refusal = [&](const Msg& engine) {
        // The writer refuses as well; a header from elsewhere must not get further.
        const std::string header = engine.bytes();
        std::string bytes(64, '\0');
        format::Preamble p{};
        std::memcpy(p.magic, format::kMagic, 8);
        p.version = 1;
        p.headerBytes = header.size();
        p.blobOffset = format::alignUp(64 + header.size());
        p.blobBytes = 64;
        std::memcpy(bytes.data(), &p, sizeof p);
        bytes += header;
        bytes.resize(p.blobOffset + 64);
        return loading(dir, resealed(bytes));
    };
    CHECK(refusal(sampleEngine()).first == ErrorCode::None);
    CHECK(refusal(sampleEngine({.requiredFeature = "telepathy"})) ==
          std::pair{ErrorCode::Feature, std::string("the engine needs the feature \"telepathy\", which this release of the runtime does not have")});
    CHECK(refusal(sampleEngine({.deviceFeature = "avx4096"})).second.starts_with("the engine was built for avx4096, "));
    CHECK(refusal(sampleEngine({.format = 3})).second == "the engine has format 3, this runtime reads format 1");
    CHECK(refusal(sampleEngine({.arenaBytes = 100})).second == "the engine header is inconsistent: value 2 \"both\" lies outside the arena");
    const Msg crooked = value("crooked", DType::F32, fixed({1})).num(5, 4);
    CHECK(refusal(sampleEngine().sub(7, crooked)).second == "the engine header is inconsistent: value 6 \"crooked\" is not aligned in the arena");
    CHECK(refusal(sampleEngine().sub(11, Msg().num(4, 64).num(5, 1))).first == ErrorCode::Corrupt);
    CHECK(refusal(sampleEngine().sub(9, Msg().str(1, "more").num(2, 77))).first == ErrorCode::Corrupt);
    const Msg self = value("loop", DType::F32, fixed({1})).sub(7, Msg().num(1, 6).num(2, 2));
    CHECK(refusal(sampleEngine().sub(7, self)).second == "the engine header is inconsistent: value 6 \"loop\" is a view of itself");
}

TEST_CASE("memory that the machine does not have is refused in words, not promised") {
    for (const uint64_t bytes : {uint64_t{1} << 46, ~uint64_t{0}}) {
        try {
            const HostMemory memory(bytes);
            FAIL("it was given");
        } catch (const Error& e) {
            CHECK(e.code == ErrorCode::Memory);
            CHECK(std::string(e.what()).find("this machine has") != std::string::npos);
        }
    }
}

TEST_CASE("mutated headers load and run, or are refused; nothing else") {
    const TemporaryDir dir;
    const std::string bytes = sampleBytes(dir);
    format::Preamble p;
    std::memcpy(&p, bytes.data(), sizeof p);
    std::mt19937 random(11);
    int ran = 0;
    for (int round = 0; round < 3000; ++round) {
        std::string changed = bytes;
        for (int k = 0; k < 2; ++k) changed[64 + random() % p.headerBytes] = static_cast<char>(random());
        writeFile(dir.file("e.sinter"), resealed(changed));
        try {
            const auto engine = Engine::load(dir.file("e.sinter"));
            if (engine->header().arenaBytes > (1u << 20) || engine->header().inputs.size() != 1 || engine->header().outputs.size() != 3) continue;
            ExecutionContext c(engine, 1);
            run(c, 2, std::vector<float>(8, 1.0F));
            ++ran;
        } catch (const Error&) {
        }
    }
    CHECK(ran > 0);
}

TEST_CASE("an unknown kernel is named with its layer") {
    const TemporaryDir dir;
    write(dir.file("a.sinter"), sampleEngine({.tactic = "f32_relu__quantum"}));
    ExecutionContext c(Engine::load(dir.file("a.sinter")), 1);
    try {
        run(c, 1, {1, 2, 3, 4});
        FAIL("it ran");
    } catch (const Error& e) {
        CHECK(e.code == ErrorCode::Kernel);
        CHECK(e.layer == "scale");
        CHECK(std::string(e.what()) == "layer \"scale\" (Pointwise) asks for kernel \"f32_relu__quantum\", which this runtime does not have");
    }
}

TEST_CASE("writing leaves no file behind when it fails, is stopped, or cannot start") {
    const TemporaryDir dir;
    const std::string path = dir.file("a.sinter");
    CHECK_THROWS_AS(write(path, sampleEngine({.requiredFeature = "telepathy"})), Error);
    CHECK_THROWS_AS(write(path, sampleEngine().sub(11, Msg().sub(1, literal({4}, {1, 2, 3, 4})).num(4, 64).num(5, 99))), Error);
    StopToken stop{true};
    CHECK_THROWS_AS(write(path, sampleEngine(), &stop), Error);
    CHECK(dir.entries() == 0);
    CHECK_THROWS_AS(write(dir.file("no/such/dir/a.sinter"), sampleEngine()), Error);
    write(path, sampleEngine());
    const std::string first = readFile(path);
    CHECK_THROWS_AS(write(path, sampleEngine(), &stop), Error);
    CHECK(readFile(path) == first);  // the old engine is still there
    write(path, sampleEngine());
    CHECK(readFile(path) == first);  // same inputs, same bytes
    CHECK(dir.entries() == 1);
}
