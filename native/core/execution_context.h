#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/device.h"
#include "core/engine.h"
#include "core/execution_plan.h"
#include "core/layer_streams.h"
#include "core/profile_choice.h"
#include "core/region_runner.h"

namespace sinter {

struct ProfileOptions {
    int warmup = 3;
    int iterations = 20;
};

/// Nanoseconds per iteration. `total` is measured with the layer timers off: the sum of layers is not the engine's time.
struct ProfileResult {
    std::vector<double> total;
    std::vector<std::vector<double>> layers;
    std::vector<std::vector<double>> starts;  ///< of each layer, from the start of its iteration
    std::vector<LaunchFacts> facts;           ///< of each layer
    /// What the layers' times come from: "events" around the launches of runs of their own, gaps included; or the name of the
    /// device's tracing, which saw the kernels of whole runs.
    std::string source = "events";
};

/// The mutable state of one running engine: arena, stream and the plans of the shapes it has seen. Several contexts
/// share one engine; a single context is used by one thread at a time.
class ExecutionContext {
public:
    /// threads <= 0: the count the engine was built for. Without `auxiliary` streams every layer runs on one, in order.
    /// `profile`: the optimization profile of all runs; by default every run takes the one that fits its shapes best. Throws
    /// Error(Argument) when there is no such profile.
    ExecutionContext(std::shared_ptr<const Engine> engine, int threads, bool auxiliary = true, int profile = kAnyProfile);

    const Engine& engine() const { return *engine_; }
    int threads() const { return threads_; }

    /// Sets the inputs' shapes, in binding order; prepares what is new. Throws Error(Shape) naming the input.
    void setShapes(std::span<const std::vector<int64_t>> inputShapes);
    /// The optimization profile of the present shapes, and the engine with its plan.
    size_t profile() const { return profile_; }
    const Engine& planned() const { return engine_->profile(profile_); }
    bool ready() const { return plan_ != nullptr || runner_ != nullptr; }
    /// Types and shapes at the present shapes. Where outputs are decided while running, those of the last run.
    const TensorInfo& input(size_t i) const { return slotInfos()[i]; }
    const TensorInfo& output(size_t i) const { return slotInfos()[engine_->header().inputs.size() + i]; }
    /// True when the outputs' shapes and memory are known only after a run: callers may then give no memory (nullptr) and
    /// take `outputData`. Memory that they do give must hold the result.
    bool outputsDecidedByRun() const { return decidedByRun_; }
    /// Where the runtime put an output of the last run; valid until the next one. Only when outputsDecidedByRun().
    void* outputData(size_t i) const { return runner_->output(i); }

    /// A result of the last run, sequences and absent values too. Only when outputsDecidedByRun().
    const RegionTensor& result(size_t i) const { return runner_->result(i); }
    /// An input that is no plain tensor, for the runs that follow; after setShapes. Only when outputsDecidedByRun().
    void setInput(size_t i, RegionTensor t) { runner_->setInput(i, std::move(t)); }

    /// Runs once. Host memory, dense row-major, in binding order; must not overlap. Throws Error with the layer's name.
    void run(std::span<const void* const> inputs, std::span<void* const> outputs, const StopToken* stop = nullptr);

    /// Runs without timing anything, at the shapes that are set: what later runs replay is made, and clocks have risen.
    void warmUp(std::span<const void* const> inputs, std::span<void* const> outputs, int runs, const StopToken* stop = nullptr);
    /// Nanoseconds of one whole run of what is bound, from the device's own clock.
    double timeRun(const StopToken* stop = nullptr);

    /// Times whole runs, then each layer, after a warm-up. `progress` gets iterations done and their total.
    ProfileResult profile(std::span<const void* const> inputs, std::span<void* const> outputs, const ProfileOptions& options,
                          const std::function<void(int, int)>& progress = {}, const StopToken* stop = nullptr);

private:
    const std::vector<TensorInfo>& slotInfos() const { return runner_ ? runner_->slotInfos() : plan_->slotInfos(); }
    void setRunner(SymbolValues symbols, size_t profile);
    void checkAddresses(std::span<const void* const> inputs, std::span<void* const> outputs) const;
    /// A plan with what belongs to its shapes on a device with memory of its own.
    struct Prepared {
        size_t profile = 0;
        std::unique_ptr<ExecutionPlan> plan;
        std::vector<std::unique_ptr<Buffer>> staging;  ///< per slot; empty where host memory is bound in place
        std::unique_ptr<Recording> recording;          ///< of all layers, once they ran
        bool ran = false;
    };

    /// Of the present profile.
    LayerStreams& streams();
    void bind(std::span<const void* const> inputs, std::span<void* const> outputs);
    void begin(const StopToken* stop);
    size_t layerCount() { return runner_ ? runner_->layerCount() : plan_->layers().size(); }
    void launchLayer(size_t index);
    void launch(ExecutionPlan::Layer& layer, Stream& stream);
    void profileLayers(const ProfileOptions& options, ProfileResult& result, const std::function<void()>& step, const StopToken* stop);
    /// The layers' times from the device's own tracing of replayed runs; false where it has none, or its kernels are not the layers'.
    bool traceLayers(const ProfileOptions& options, ProfileResult& result, const std::function<void()>& step, const StopToken* stop);
    void launchAll(const StopToken* stop);
    void runLayers(const StopToken* stop);
    void finish();
    void copyOutputs();

    std::shared_ptr<const Engine> engine_;
    int threads_;
    int wanted_;            ///< profile
    size_t profile_ = 0;
    std::unique_ptr<Stream> stream_;
    bool auxiliary_;
    std::vector<std::unique_ptr<LayerStreams>> streams_;  ///< per profile, once it ran
    std::unique_ptr<Buffer> arena_;
    std::vector<std::unique_ptr<Prepared>> plans_;  ///< most recently used first
    Prepared* now_ = nullptr;
    ExecutionPlan* plan_ = nullptr;                 ///< of now_
    bool decidedByRun_;
    std::vector<std::unique_ptr<RegionRunner>> runners_;  ///< as plans_, for engines with regions
    RegionRunner* runner_ = nullptr;
    std::vector<void*> addresses_;                  ///< what the plan is bound to
    std::vector<void*> caller_;                     ///< the caller's tensors
};

}  // namespace sinter
