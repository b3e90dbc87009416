#include "core/execution_context.h"

#include <algorithm>
#include <new>

#include "core/dim.h"
#include "core/engine_checks.h"
#include "core/error.h"
#include "core/trace_layers.h"

namespace sinter {
namespace {

/// Shapes come and go (sequence lengths, image sizes); kernels of the last few are kept ready.
constexpr size_t kPlansKept = 8;

uint64_t bytesOf(const TensorInfo& t) { return static_cast<uint64_t>(t.count()) * dtypeSize(t.dtype); }

/// Memory for the activations of one profile, or of whichever is taken.
uint64_t arenaBytesOf(const Engine& engine, int profile) {
    if (profile != kAnyProfile && (profile < 0 || static_cast<size_t>(profile) >= engine.profileCount())) {
        throw Error(ErrorCode::Argument, "there is no optimization profile " + std::to_string(profile) + ", the engine has " + std::to_string(engine.profileCount()));
    }
    if (profile != kAnyProfile) return engine.profile(static_cast<size_t>(profile)).header().arenaBytes;
    uint64_t most = 0;
    for (size_t p = 0; p < engine.profileCount(); ++p) most = std::max(most, engine.profile(p).header().arenaBytes);
    return most;
}

}  // namespace

ExecutionContext::ExecutionContext(std::shared_ptr<const Engine> engine, int threads, bool auxiliary, int profile)
    : engine_(std::move(engine)),
      threads_(threads > 0 ? threads : static_cast<int>(std::max(1U, engine_->header().threads))),
      wanted_(profile),
      stream_(engine_->device().createStream(threads_)),
      auxiliary_(auxiliary),
      arena_(hasRegions(engine_->header()) ? engine_->device().allocateShared(arenaBytesOf(*engine_, profile))
                                           : engine_->device().allocate(arenaBytesOf(*engine_, profile))),
      decidedByRun_(hasRegions(engine_->header())) {
    const schema::Engine& h = engine_->header();
    if (h.symbols.empty()) {  // shapes are fixed: prepare now, so that the first run is like every other
        std::vector<std::vector<int64_t>> shapes;
        for (const schema::Binding& b : h.inputs) shapes.push_back(evaluateShape(h.values[b.value].shape, {}, h.symbols));
        setShapes(shapes);
    }
}

LayerStreams& ExecutionContext::streams() {
    streams_.resize(engine_->profileCount());
    auto& s = streams_[profile_];
    if (!s) s = std::make_unique<LayerStreams>(planned().header(), engine_->device(), *stream_, threads_, auxiliary_);
    return *s;
}

void ExecutionContext::setShapes(std::span<const std::vector<int64_t>> inputShapes) {
    const schema::Engine& h = engine_->header();
    if (inputShapes.size() != h.inputs.size()) {
        throw Error(ErrorCode::Argument, "the engine has " + std::to_string(h.inputs.size()) + " inputs, got " + std::to_string(inputShapes.size()));
    }
    SymbolValues symbols = bindSymbols(h, inputShapes);
    const size_t profile = chooseProfile(h, inputShapes, symbols, wanted_);
    if (decidedByRun_) return setRunner(std::move(symbols), profile);
    const auto known = std::find_if(plans_.begin(), plans_.end(), [&](const auto& p) { return p->profile == profile && p->plan->symbols() == symbols; });
    if (known != plans_.end()) {
        std::rotate(plans_.begin(), known, known + 1);
    } else {
        auto made = std::make_unique<Prepared>();
        made->profile = profile;
        made->plan = std::make_unique<ExecutionPlan>(engine_->profile(profile), std::move(symbols), *arena_, threads_);
        if (!engine_->device().sharesHostMemory()) {
            for (const TensorInfo& t : made->plan->slotInfos()) made->staging.push_back(engine_->device().allocate(bytesOf(t)));
        }
        if (plans_.size() >= kPlansKept) plans_.pop_back();
        plans_.insert(plans_.begin(), std::move(made));
    }
    now_ = plans_.front().get();
    plan_ = now_->plan.get();
    profile_ = profile;
}

void ExecutionContext::setRunner(SymbolValues symbols, size_t profile) {
    const Engine& planned = engine_->profile(profile);
    const auto known = std::find_if(runners_.begin(), runners_.end(), [&](const auto& r) { return &r->engine() == &planned && r->inputSymbols() == symbols; });
    if (known != runners_.end()) {
        std::rotate(runners_.begin(), known, known + 1);
    } else {
        auto runner = std::make_unique<RegionRunner>(planned, std::move(symbols), *arena_, *stream_, threads_);
        if (runners_.size() >= kPlansKept) runners_.pop_back();
        runners_.insert(runners_.begin(), std::move(runner));
    }
    runner_ = runners_.front().get();
    profile_ = profile;
}

void ExecutionContext::checkAddresses(std::span<const void* const> inputs, std::span<void* const> outputs) const {
    const schema::Engine& h = engine_->header();
    if (!ready()) throw Error(ErrorCode::Argument, "the shapes of the inputs are not set");
    if (inputs.size() != h.inputs.size() || outputs.size() != h.outputs.size()) {
        throw Error(ErrorCode::Argument, "the engine has " + std::to_string(h.inputs.size()) + " inputs and " +
                                             std::to_string(h.outputs.size()) + " outputs, got " + std::to_string(inputs.size()) + " and " +
                                             std::to_string(outputs.size()));
    }
    for (size_t i = 0; i < inputs.size() + outputs.size(); ++i) {
        const bool in = i < inputs.size();
        if ((in ? inputs[i] : outputs[i - inputs.size()]) || slotInfos()[i].count() == 0 || (!in && decidedByRun_)) continue;
        if (in && (h.values[h.inputs[i].value].sequence || h.values[h.inputs[i].value].optional)) continue;
        throw Error(ErrorCode::Argument, std::string(in ? "input \"" : "output \"") + (in ? h.inputs[i].name : h.outputs[i - inputs.size()].name) +
                                             "\" has no memory");
    }
}

void ExecutionContext::bind(std::span<const void* const> inputs, std::span<void* const> outputs) {
    checkAddresses(inputs, outputs);
    caller_.clear();
    for (const void* p : inputs) caller_.push_back(const_cast<void*>(p));  // bound as inputs: kernels only read them
    caller_.insert(caller_.end(), outputs.begin(), outputs.end());
    if (runner_) return;
    addresses_ = caller_;
    for (size_t i = 0; i < now_->staging.size(); ++i) {
        addresses_[i] = now_->staging[i]->address();
        if (i < inputs.size()) stream_->copyIn(*now_->staging[i], 0, inputs[i], bytesOf(plan_->slotInfos()[i]));
    }
    plan_->bind(addresses_);
}

void ExecutionContext::launch(ExecutionPlan::Layer& l, Stream& stream) {
    if (!l.launch) return;
    KernelArgs args;
    args.inputs = l.inputs;
    args.outputs = l.outputs;
    args.workspace = l.workspace;
    try {
        stream.launch(*l.launch, args);
    } catch (const Error& e) {
        if (!e.layer.empty()) throw;
        throw Error(e.code, "layer \"" + l.source->name + "\" failed: " + e.what(), l.source->name);
    } catch (const std::bad_alloc&) {
        throw Error(ErrorCode::Memory, "layer \"" + l.source->name + "\" ran out of memory", l.source->name);
    } catch (const std::exception& e) {
        throw Error(ErrorCode::Kernel, "layer \"" + l.source->name + "\" failed: " + e.what(), l.source->name);
    }
}

void ExecutionContext::begin(const StopToken* stop) {
    if (!runner_) return;
    const size_t inputs = engine_->header().inputs.size();
    runner_->begin(std::span<const void* const>(caller_.data(), inputs), stop);
}

void ExecutionContext::launchLayer(size_t index) {
    if (runner_) return runner_->runLayer(index);
    launch(plan_->layers()[index], streams().enter(index));
    streams().leave(index);
}

void ExecutionContext::launchAll(const StopToken* stop) {
    begin(stop);
    streams().fork();
    const size_t count = layerCount();
    for (size_t i = 0; i < count; ++i) {
        throwIfStopped(stop);
        launchLayer(i);
    }
    streams().join();
}

/// The first run launches layer by layer, which finds errors where they are; later ones replay it as one where the device
/// can (addresses stay the same there: staging buffers and arena belong to the context).
void ExecutionContext::runLayers(const StopToken* stop) {
    if (runner_ || now_->staging.empty()) {
        launchAll(stop);
        return;
    }
    throwIfStopped(stop);
    const auto recordable = [&] {
        return std::all_of(plan_->layers().begin(), plan_->layers().end(), [](const auto& l) { return !l.launch || l.launch->recordable(); });
    };
    if (now_->ran && !now_->recording && recordable()) now_->recording = stream_->capture([&] { launchAll(nullptr); });
    if (now_->recording) stream_->replay(*now_->recording);
    else launchAll(stop);
    now_->ran = true;
}

void ExecutionContext::copyOutputs() {
    const size_t inputs = engine_->header().inputs.size();
    for (size_t i = inputs; i < now_->staging.size(); ++i) {
        if (!plan_->copiedOutput(i)) stream_->copyOut(caller_[i], *now_->staging[i], 0, bytesOf(plan_->slotInfos()[i]));
    }
    plan_->copyRemainingOutputs(addresses_, caller_, *stream_);
    stream_->synchronize();
}

void ExecutionContext::finish() {
    stream_->synchronize();
    if (runner_) return runner_->finish(std::span(caller_).subspan(engine_->header().inputs.size()));
    if (now_->staging.empty()) plan_->copyRemainingOutputs(addresses_);
    else copyOutputs();
}

void ExecutionContext::run(std::span<const void* const> inputs, std::span<void* const> outputs, const StopToken* stop) {
    bind(inputs, outputs);
    runLayers(stop);
    finish();
}

void ExecutionContext::warmUp(std::span<const void* const> inputs, std::span<void* const> outputs, int runs, const StopToken* stop) {
    bind(inputs, outputs);
    for (int i = 0; i < runs; ++i) runLayers(stop);
    if (!runner_ && !now_->ran) runLayers(stop);
    stream_->synchronize();
}

double ExecutionContext::timeRun(const StopToken* stop) {
    throwIfStopped(stop);
    const auto start = stream_->record();
    runLayers(stop);
    const auto end = stream_->record();
    end->synchronize();
    return end->since(*start);
}

ProfileResult ExecutionContext::profile(std::span<const void* const> inputs, std::span<void* const> outputs, const ProfileOptions& options,
                                        const std::function<void(int, int)>& progress, const StopToken* stop) {
    if (options.iterations < 1 || options.warmup < 0) throw Error(ErrorCode::Argument, "profiling needs at least one iteration");
    const int total = options.warmup + 2 * options.iterations;
    int done = 0;
    const auto step = [&] {
        if (progress) progress(std::min(++done, total), total);
    };
    for (int i = 0; i < options.warmup; ++i, step()) warmUp(inputs, outputs, 1, stop);
    warmUp(inputs, outputs, 0, stop);
    ProfileResult result;
    for (int i = 0; i < options.iterations; ++i, step()) result.total.push_back(timeRun(stop));
    if (!traceLayers(options, result, step, stop)) profileLayers(options, result, step, stop);
    result.facts.resize(layerCount());
    for (size_t k = 0; !runner_ && k < layerCount(); ++k) {
        if (const auto& launch = plan_->layers()[k].launch) result.facts[k] = launch->facts();
    }
    finish();
    return result;
}

bool ExecutionContext::traceLayers(const ProfileOptions& options, ProfileResult& result, const std::function<void()>& step, const StopToken* stop) {
    if (runner_ || !now_->recording) return false;
    const auto tracer = engine_->device().traceKernels();
    if (!tracer) return false;
    LayerTrace trace;
    std::vector<uint32_t> lanes;
    for (ExecutionPlan::Layer& l : plan_->layers()) {
        throwIfStopped(stop);
        launch(l, *stream_);
        stream_->synchronize();
        trace.addLayer(tracer->take());
        lanes.push_back(streams().count() > 1 ? l.source->stream : 0);
    }
    // Only what is recorded while tracing is on is traced kernel by kernel; later runs record anew.
    now_->recording = nullptr;
    const auto traced = [&] {
        runLayers(stop);
        stream_->synchronize();
        return trace.assign(tracer->take(), lanes);
    };
    const bool works = !traced().empty();
    ProfileResult found;
    found.layers.resize(trace.layers());
    found.starts.resize(trace.layers());
    for (int i = 0; works && i < options.iterations; ++i, step()) {
        const auto spans = traced();
        for (size_t k = 0; k < spans.size(); ++k) {
            found.layers[k].push_back(spans[k].end - spans[k].start);
            found.starts[k].push_back(spans[k].start);
        }
    }
    now_->recording = nullptr;
    // A run whose kernels were not all heard of has no times.
    if (!works || found.layers.empty() || found.layers[0].empty()) return false;
    result.layers = std::move(found.layers);
    result.starts = std::move(found.starts);
    result.source = tracer->source();
    return true;
}

void ExecutionContext::profileLayers(const ProfileOptions& options, ProfileResult& result, const std::function<void()>& step,
                                     const StopToken* stop) {
    const size_t layers = layerCount();
    result.layers.resize(layers);
    result.starts.resize(layers);
    const bool alone = runner_ || streams().count() == 1;  // a layer then starts where the one before it ended
    std::vector<std::unique_ptr<Event>> starts(layers), ends(layers);
    for (int i = 0; i < options.iterations; ++i, step()) {
        throwIfStopped(stop);
        begin(stop);
        const auto origin = stream_->record();
        if (!runner_) streams().fork();
        for (size_t k = 0; k < layers; ++k) {
            if (runner_) {
                runner_->runLayer(k);
                ends[k] = stream_->record();
                continue;
            }
            Stream& stream = streams().enter(k);
            if (!alone) starts[k] = stream.record();
            launch(plan_->layers()[k], stream);
            ends[k] = stream.record();
            streams().leave(k);
        }
        if (!runner_) streams().join();
        stream_->synchronize();
        for (size_t k = 0; k < layers; ++k) {
            const Event& start = !alone ? *starts[k] : k == 0 ? *origin : *ends[k - 1];
            result.layers[k].push_back(ends[k]->since(start));
            result.starts[k].push_back(start.since(*origin));
        }
    }
}

}  // namespace sinter
