#include "cuda/stream.h"

#include <algorithm>
#include <new>

#include "core/error.h"
#include "cuda/cuda_device.h"
#include "cuda/host_layer.h"
#include "cuda/libraries/tactic_library.h"

namespace sinter::cuda {
namespace {

constexpr unsigned kNonBlocking = 1, kPortableMapped = 3;
constexpr int kCaptureThreadLocal = 1;

class CudaEvent final : public Event {
public:
    CudaEvent(const Driver& driver, const Context& context, CuStream stream) : driver_(driver), context_(context), epoch_(context.epoch()) {
        check(driver_.createEvent(&event_, 0), "creating an event");
        check(driver_.recordEvent(event_, stream), "recording an event");
    }
    ~CudaEvent() override {
        if (context_.tryEnter(epoch_)) driver_.destroyEvent(event_);
    }
    CudaEvent(const CudaEvent&) = delete;
    CudaEvent& operator=(const CudaEvent&) = delete;
    void synchronize() override { check(driver_.synchronizeEvent(event_), "running the kernels before an event"); }
    double since(const Event& start) const override {
        float milliseconds = 0;
        check(driver_.elapsed(&milliseconds, static_cast<const CudaEvent&>(start).event_, event_), "reading a time");
        return static_cast<double>(milliseconds) * 1e6;
    }
    CuEvent handle() const { return event_; }

private:
    const Driver& driver_;
    const Context& context_;
    uint64_t epoch_;
    CuEvent event_ = nullptr;
};

class CudaRecording final : public Recording {
public:
    CudaRecording(const Driver& driver, const Context& context, CuGraph graph) : driver_(driver), context_(context), epoch_(context.epoch()) {
        const CuResult code = driver_.instantiate(&exec_, graph, 0);
        driver_.destroyGraph(graph);
        check(code, "instantiating a graph of launches");
    }
    ~CudaRecording() override {
        if (context_.tryEnter(epoch_)) driver_.destroyGraphExec(exec_);
    }
    CudaRecording(const CudaRecording&) = delete;
    CudaRecording& operator=(const CudaRecording&) = delete;
    CuGraphExec handle() const { return exec_; }

private:
    const Driver& driver_;
    const Context& context_;
    uint64_t epoch_;
    CuGraphExec exec_ = nullptr;
};

bool sameView(const TensorView& a, const TensorView& b) {
    return a.data == b.data && a.dtype == b.dtype && a.rank == b.rank && a.dims == b.dims && a.strides == b.strides;
}
bool sameViews(std::span<const TensorView> a, const std::vector<TensorView>& b) { return std::equal(a.begin(), a.end(), b.begin(), b.end(), sameView); }

/// The driver reads as many parameters as the kernel declares, whatever it is given.
void checkParameters(const LaunchSpec& spec, CuFunction function) {
    const Driver& driver = *Driver::get();
    const auto given = spec.params.sizes();
    size_t count = given.size(), offset = 0, size = 0;
    if (driver.parameterCount) driver.parameterCount(function, &count);
    bool fits = count == given.size();
    for (size_t i = 0; driver.parameterInfo && fits && i < count; ++i) fits = driver.parameterInfo(function, i, &offset, &size) == 0 && size == given[i];
    if (!fits) throw Error(ErrorCode::Internal, "kernel " + spec.entry + " does not take the parameters that it is launched with");
}

CudaLaunch::Step makeStep(LaunchSpec spec, Module& module, const DeviceProperties& device) {
    CudaLaunch::Step step;
    step.function = module.function(spec.entry, spec.dynamicShared);
    checkParameters(spec, step.function);
    if (spec.cluster != std::array<uint32_t, 3>{1, 1, 1}) {
        CuLaunchAttribute a{};
        a.id = attribute::kLaunchCluster;
        a.value.cluster.x = spec.cluster[0];
        a.value.cluster.y = spec.cluster[1];
        a.value.cluster.z = spec.cluster[2];
        step.attributes.push_back(a);
    }
    if (spec.cooperative) {
        CuLaunchAttribute a{};
        a.id = attribute::kLaunchCooperative;
        a.value.cooperative = 1;
        step.attributes.push_back(a);
    }
    if (spec.dependent && device.arch() >= 90) {
        CuLaunchAttribute a{};
        a.id = attribute::kLaunchProgrammatic;
        a.value.programmatic = 1;
        step.attributes.push_back(a);
    }
    step.spec = std::move(spec);
    return step;
}

/// Steps of a kernel and of those before it; `module` moves on through collectSources' order.
void addSteps(const Specialization& kernel, const KernelArgs& args, const std::shared_ptr<Module>*& module, const DeviceProperties& device, std::vector<CudaLaunch::Step>& steps) {
    for (const Specialization& k : kernel.before) addSteps(k, args, module, device, steps);
    for (LaunchSpec& spec : kernel.launches(args)) steps.push_back(makeStep(std::move(spec), **module, device));
    ++module;
}

}  // namespace

const std::vector<CudaLaunch::Step>& CudaLaunch::steps(const KernelArgs& args) {
    if (bound_ && workspace_ == args.workspace && slot_.record == args.fault.record && slot_.layer == args.fault.layer && sameViews(args.inputs, inputs_) && sameViews(args.outputs, outputs_)) return steps_;
    inputs_.assign(args.inputs.begin(), args.inputs.end());
    outputs_.assign(args.outputs.begin(), args.outputs.end());
    workspace_ = args.workspace;
    slot_ = args.fault;
    steps_.clear();
    const std::shared_ptr<Module>* module = modules_.data();
    addSteps(kernel_, args, module, device_, steps_);
    for (Step& s : steps_) s.parameters = s.spec.params.pointers();  // once the steps have their places
    bound_ = true;
    return steps_;
}

LaunchFacts CudaLaunch::facts() const {
    LaunchFacts f;
    f.kernels = static_cast<int>(steps_.size());
    const Driver& driver = *Driver::get();
    for (const Step& s : steps_) {
        const auto get = [&](int which) {
            int value = -1;
            return driver.functionAttribute(&value, which, s.function) == 0 ? value : -1;
        };
        f.registers = std::max(f.registers, get(attribute::kFunctionRegisters));
        if (const int fixed = get(attribute::kFunctionShared); fixed >= 0) f.sharedBytes = std::max(f.sharedBytes, fixed + int64_t{s.spec.dynamicShared});
        const int threads = static_cast<int>(s.spec.block[0] * s.spec.block[1] * s.spec.block[2]);
        int blocks = 0;
        if (device_.threadsPerMultiprocessor <= 0 || driver.occupancy(&blocks, s.function, threads, s.spec.dynamicShared) != 0) continue;
        const double share = std::min(1.0, static_cast<double>(blocks * ((threads + 31) / 32 * 32)) / device_.threadsPerMultiprocessor);
        f.occupancy = f.occupancy < 0 ? share : std::min(f.occupancy, share);
    }
    return f;
}

CudaStream::CudaStream(const CudaDevice& device) : driver_(*Driver::get()), context_(device.context()), epoch_(context_.epoch()) {
    enter();
    check(driver_.createStream(&stream_, kNonBlocking), "creating a stream");
}

CudaStream::~CudaStream() {
    if (!context_.tryEnter(epoch_)) return;
    driver_.synchronizeStream(stream_);
    driver_.destroyStream(stream_);
    if (faults_) driver_.freeHost(faults_);
}

void CudaStream::launch(Launch& launch, const KernelArgs& args) {
    enter();
    if (auto* host = dynamic_cast<HostLaunch*>(&launch)) {
        if (!host_) host_ = HostLaunch::threads();
        host->run(*this, *host_, args);
        return;
    }
    if (auto* library = dynamic_cast<LibraryLaunch*>(&launch)) {
        waits_ = false;
        library->run(stream_, args);
        return;
    }
    auto& ours = static_cast<CudaLaunch&>(launch);
    KernelArgs given = args;
    if (ours.kernel().fault) given.fault = reports_->faultSlot(ours);
    for (const CudaLaunch::Step& s : ours.steps(given)) {
        if (s.spec.zeroed) {
            check(driver_.fill(reinterpret_cast<CuAddress>(s.spec.zeroed), 0, s.spec.zeroedBytes, stream_), "clearing a workspace");
        }
        CuLaunchConfig c{};
        c.gridX = s.spec.grid[0];
        c.gridY = s.spec.grid[1];
        c.gridZ = s.spec.grid[2];
        c.blockX = s.spec.block[0];
        c.blockY = s.spec.block[1];
        c.blockZ = s.spec.block[2];
        c.sharedBytes = s.spec.dynamicShared;
        c.stream = stream_;
        // The driver only reads attributes and parameters.
        c.attributes = const_cast<CuLaunchAttribute*>(s.attributes.data());
        c.attributeCount = static_cast<unsigned>(s.attributes.size());
        // Started while its predecessor drains it would not wait for the other stream: that attribute comes last.
        if (waits_ && !s.attributes.empty() && s.attributes.back().id == attribute::kLaunchProgrammatic) --c.attributeCount;
        waits_ = false;
        check(driver_.launch(&c, s.function, const_cast<void**>(s.parameters.data()), nullptr), ("launching kernel " + s.spec.entry).c_str());
    }
}

void CudaStream::copyIn(void* to, const void* from, uint64_t bytes) {
    if (bytes == 0) return;
    enter();
    check(driver_.copyIn(reinterpret_cast<CuAddress>(to), from, bytes, stream_), "copying to the device");
}

void CudaStream::copyWithin(void* to, const void* from, uint64_t bytes) {
    if (bytes == 0) return;
    enter();
    check(driver_.copyWithin(reinterpret_cast<CuAddress>(to), reinterpret_cast<CuAddress>(from), bytes, stream_), "copying on the device");
}

void CudaStream::copyOut(void* to, const void* from, uint64_t bytes) {
    if (bytes == 0) return;
    enter();
    check(driver_.copyOut(to, reinterpret_cast<CuAddress>(from), bytes, stream_), "copying from the device");
}

std::unique_ptr<Event> CudaStream::record() {
    enter();
    return std::make_unique<CudaEvent>(driver_, context_, stream_);
}

void CudaStream::wait(const Event& event) {
    enter();
    check(driver_.waitEvent(stream_, static_cast<const CudaEvent&>(event).handle(), 0), "waiting for an event");
    waits_ = true;
}

FaultSlot CudaStream::faultSlot(CudaLaunch& launch) {
    if (!faults_) {
        void* memory = nullptr;
        check(driver_.allocateHost(&memory, sizeof(FaultRecord), kPortableMapped), "allocating memory");
        faults_ = new (memory) FaultRecord;
    }
    if (launch.fault.record != faults_) {
        launch.fault = {faults_, static_cast<int32_t>(reporters_.size())};
        reporters_.push_back({launch.layer(), launch.kernel().fault});
    }
    return launch.fault;
}

void CudaStream::synchronize() {
    enter();
    check(driver_.synchronizeStream(stream_), "running kernels");
    if (!faults_ || faults_->reported == 0) return;
    const FaultRecord found = *faults_;
    *faults_ = {};
    const Reporter& r = reporters_.at(static_cast<size_t>(found.layer));
    throw Error(ErrorCode::Kernel, "layer \"" + r.layer + "\" failed: " + r.sentence(r.layer, found.value, found.limit), r.layer);
}

std::unique_ptr<Recording> CudaStream::capture(const std::function<void()>& work) {
    enter();
    check(driver_.beginCapture(stream_, kCaptureThreadLocal), "recording launches");
    CuGraph graph = nullptr;
    try {
        work();
    } catch (...) {
        driver_.endCapture(stream_, &graph);
        if (graph) driver_.destroyGraph(graph);
        throw;
    }
    check(driver_.endCapture(stream_, &graph), "recording launches");
    return std::make_unique<CudaRecording>(driver_, context_, graph);
}

void CudaStream::replay(Recording& recording) {
    enter();
    check(driver_.launchGraph(static_cast<CudaRecording&>(recording).handle(), stream_), "launching a recorded engine");
}

}  // namespace sinter::cuda
