// What may go wrong on a GPU, let go wrong on the emulated one: `SINTER_CUDA_PATH=build/native/emulator sinter_tests -tc="GPU faults: *"`.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include "cases/case.h"
#include "core/device.h"
#include "core/device_turn.h"
#include "core/error.h"
#include "core/measure.h"
#include "core/strided_copy.h"

namespace sinter {
namespace {

/// The emulated GPU, or null: these tests cannot make a real one fail.
Device* emulated() {
    for (const auto& d : DeviceRegistry::instance().all()) {
        if (d->info().name == "Emulated GPU") return d.get();
    }
    return nullptr;
}
#define EMULATED_GPU()                                            \
    Device* const found = emulated();                             \
    if (!found) {                                                 \
        MESSAGE("there is no emulated GPU: the test was not run"); \
        return;                                                   \
    }                                                             \
    Device& gpu = *found

/// An environment variable for the length of a scope.
class Variable {
public:
    Variable(const char* name, const std::string& value) : name_(name) { setenv(name, value.c_str(), 1); }
    ~Variable() { unsetenv(name_); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

private:
    const char* name_;
};

/// Each operation is a kernel of its own.
LayerDesc pointwise(const char* op, int64_t n) { return cases::Builder("Pointwise").input({n}).step(op, {0}).output({n}).build().desc; }

/// Relu of -1, 2, -3, 4 by the device; everything that it needs is made anew.
std::vector<float> run(Device& gpu) {
    const LayerDesc layer = pointwise("Relu", 4);
    const auto stream = gpu.createStream(1);
    const auto launch = gpu.prepare(layer, gpu.enumerate(layer, 1).front().name, 1);
    const auto x = gpu.allocate(16), y = gpu.allocate(16);
    const std::vector<float> given{-1, 2, -3, 4};
    stream->copyIn(*x, 0, given.data(), 16);
    const std::vector<TensorView> in{makeView(layer.inputs[0], x->address())}, out{makeView(layer.outputs[0], y->address())};
    KernelArgs args;
    args.inputs = in;
    args.outputs = out;
    stream->launch(*launch, args);
    std::vector<float> result(4);
    stream->copyOut(result.data(), *y, 0, 16);
    stream->synchronize();
    return result;
}

const std::vector<float> kRight{0, 2, 0, 4};

/// The message of the Error that `work` throws; empty when it throws none.
template <typename F>
std::string messageOf(F work, ErrorCode wanted) {
    try {
        work();
    } catch (const Error& e) {
        CHECK(e.code == wanted);
        return e.what();
    }
    return {};
}

bool says(const std::string& message, const char* words) { return message.find(words) != std::string::npos; }

TEST_CASE("GPU faults: a lost context ends what lived in it, and a new one begins") {
    EMULATED_GPU();
    CHECK(run(gpu) == kRight);
    const auto stream = gpu.createStream(1);
    const auto memory = gpu.allocate(64);
    {
        const Variable fault("SINTER_EMULATED_FAULT", "cuLaunchKernelEx:1:700");
        const std::string message = messageOf([&] { run(gpu); }, ErrorCode::Device);
        CHECK(says(message, "an illegal memory access was encountered"));
        CHECK(says(message, "load the engine again"));
    }
    CHECK(gpu.lost());
    CHECK(says(messageOf([&] { run(gpu); }, ErrorCode::Device), "was lost (an illegal memory access was encountered)"));
    gpu.reopen();
    CHECK_FALSE(gpu.lost());
    CHECK(run(gpu) == kRight);
    // What was made before stays dead, and is not given back to the new context when it goes.
    CHECK(says(messageOf([&] { stream->synchronize(); }, ErrorCode::Device), "load the engine again"));
    CHECK(run(gpu) == kRight);
}

TEST_CASE("GPU faults: a device that does not come back says to start again") {
    EMULATED_GPU();
    {
        const Variable fault("SINTER_EMULATED_FAULT", "cuStreamSynchronize:1:719"), dead("SINTER_EMULATED_STAYS_DEAD", "1");
        CHECK(messageOf([&] { run(gpu); }, ErrorCode::Device) != "");
        CHECK(says(messageOf([&] { gpu.reopen(); }, ErrorCode::Device), "start the program again"));
    }
    gpu.reopen();
    CHECK(run(gpu) == kRight);
}

TEST_CASE("GPU faults: a full device says what was asked for and what there is") {
    EMULATED_GPU();
    CHECK(run(gpu) == kRight);
    {
        const Variable memory("SINTER_EMULATED_MEMORY", std::to_string(3 << 20));
        CHECK(messageOf([&] { gpu.allocate(8 << 20); }, ErrorCode::Memory) == "the GPU is out of memory: 8 MiB were asked for, 3 MiB of its 3 MiB are free");
        // A tactic that does not fit is a failed measurement.
        const LayerDesc layer = pointwise("Relu", 4 << 20);
        const std::vector<std::string> tactics{gpu.enumerate(layer, 1).front().name};
        const auto measured = measure(gpu, layer, tactics, 1, nullptr, {}, {});
        REQUIRE(measured.size() == 1);
        CHECK_FALSE(measured[0].ok);
        CHECK(says(measured[0].error, "out of memory"));
    }
    CHECK_FALSE(gpu.lost());
    CHECK(run(gpu) == kRight);
}

TEST_CASE("GPU faults: code of another GPU") {
    EMULATED_GPU();
    CHECK(run(gpu) == kRight);  // calls are counted anew once the variable has been seen unset
    const LayerDesc layer = pointwise("Sqrt", 77);
    const std::string tactic = gpu.enumerate(layer, 1).front().name;
    SUBCASE("the PTX is taken where the driver refuses the machine code") {
        const Variable ptx("SINTER_EMULATED_PTX", "1"), cache("SINTER_KERNEL_CACHE", "none");
        const LayerDesc fresh = pointwise("Exp", 77);
        const LayerTactic pair{&fresh, tactic};
        REQUIRE_FALSE(gpu.compile(std::span(&pair, 1), nullptr).front().ptx.empty());
        const Variable fault("SINTER_EMULATED_FAULT", "cuModuleLoadData:1:209");
        CHECK(gpu.prepare(fresh, tactic, 1) != nullptr);
    }
    SUBCASE("without PTX it is said where to build") {
        const Variable fault("SINTER_EMULATED_FAULT", "cuModuleLoadData:1:209");
        const std::string message = messageOf([&] { gpu.prepare(layer, tactic, 1); }, ErrorCode::Device);
        CHECK(message == "a kernel compiled for sm_75 does not run on this GPU: build the engine on this machine");
    }
    SUBCASE("PTX that is too new names the driver") {
        const Variable fault("SINTER_EMULATED_FAULT", "cuModuleLoadData:1:222");
        const std::string message = messageOf([&] { gpu.prepare(layer, tactic, 1); }, ErrorCode::Device);
        CHECK(says(message, "its PTX needs a newer driver than CUDA 13.0"));
        CHECK(says(message, "update the driver"));
    }
}

TEST_CASE("GPU faults: a kernel that does not compile names its layer and tactic") {
    EMULATED_GPU();
    const Variable bad("SINTER_EMULATED_BAD_KERNEL", "pointwise.cu"), cache("SINTER_KERNEL_CACHE", "none");
    LayerDesc layer = pointwise("Cos", 4);
    layer.name = "Cosine";
    const LayerTactic pair{&layer, gpu.enumerate(layer, 1).front().name};
    const std::string message = messageOf([&] { gpu.compile(std::span(&pair, 1), nullptr); }, ErrorCode::Kernel);
    CHECK(says(message, ("kernel \"" + pair.tactic + "\" of layer \"Cosine\" does not compile").c_str()));
    CHECK(says(message, "a kernel that does not compile, for a test"));
}

}  // namespace
TEST_CASE("GPU faults: whoever times kernels has the device alone; who waits goes on when that one is done") {
    EMULATED_GPU();
    std::atomic<bool> entered = false;
    std::thread other;
    {
        const DeviceTurn mine(gpu);
        other = std::thread([&] {
            const DeviceTurn theirs(gpu);
            entered = true;
        });
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        CHECK_FALSE(entered);
    }
    other.join();
    CHECK(entered);
}

}  // namespace sinter
