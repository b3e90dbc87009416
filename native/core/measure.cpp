#include "core/measure.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/bench_operands.h"
#include "core/device_turn.h"
#include "core/error.h"
#include "core/host_memory.h"
#include "core/number_formats.h"
#include "core/random_data.h"
#include "core/strided_copy.h"

namespace sinter {
namespace {

/// In an engine a layer reads what the layer before has just written and writes where others have written lately, so
/// its activations are as near as the caches hold them; its weights were last read one whole run ago.
constexpr uint64_t kActivationSets = 2;
/// Launches that are timed as one at most, and at least; as many as it takes for a sample of this length. What runs longer reads
/// enough itself to find its weights gone from the caches.
constexpr size_t kRecorded = 32, kLeastRecorded = 4;
constexpr double kSampleNs = 1e6;

/// A layer in the formats of one tactic, with its data on the host.
struct Subject {
    Subject(Device& device, const LayerDesc& given, std::string name, int threads, BenchOperands& operands)
        : tactic(std::move(name)), layer(given), info(device.describe(given, tactic, threads)), data(given.inputs.size()), sizes(given.inputs.size()) {
        const auto layout = [](const std::vector<std::string>& wanted, size_t i, TensorInfo& t) {
            if (i < wanted.size() && !wanted[i].empty()) t.layout = wanted[i];
        };
        for (size_t i = 0; i < layer.inputs.size(); ++i) layout(info.inputLayouts, i, layer.inputs[i]);
        for (size_t i = 0; i < layer.outputs.size(); ++i) layout(info.outputLayouts, i, layer.outputs[i]);
        for (size_t i = 0; i < layer.inputs.size(); ++i) {
            if (!layer.inputs[i].present()) continue;
            data[i] = &operands.of(device, layer, tactic, info, i);
            sizes[i] = BenchOperands::bytesOf(layer, info, i);
        }
    }
    std::string tactic;
    LayerDesc layer;
    TacticInfo info;
    std::vector<const HostMemory*> data;
    std::vector<uint64_t> sizes;
};

/// One tactic with its constants in as many copies as the rotation asks for.
class Bench {
public:
    Bench(Device& device, Stream& stream, const Subject& subject, int threads, uint64_t rotation) : stream_(stream) {
        const LayerDesc& layer = subject.layer;
        uint64_t constants = 0;
        for (size_t i = 0; i < layer.inputs.size(); ++i) {
            if (layer.inputs[i].present() && layer.inputs[i].constant) constants += subject.sizes[i];
        }
        // Only what the recording comes to see, or what the rotation asks for.
        const uint64_t most = device.sharesHostMemory() ? 256 : kRecorded;
        const uint64_t copies = std::clamp<uint64_t>(std::max(rotation, 2 * device.info().cacheBytes) / std::max<uint64_t>(constants, 1) + 1, kActivationSets, most);
        for (uint64_t c = 0; c < copies; ++c) {
            Set set;
            for (size_t i = 0; i < layer.inputs.size(); ++i) {
                const TensorInfo& t = layer.inputs[i];
                if (t.present() && !t.constant && c >= kActivationSets) set.inputs.push_back(sets_[c % kActivationSets].inputs[i]);
                else set.inputs.push_back(t.present() ? fill(device, t, subject.sizes[i], *subject.data[i], c > 0 ? &sets_[0].inputs[i] : nullptr) : TensorView{});
            }
            for (size_t i = 0; i < layer.outputs.size(); ++i) {
                const TensorInfo& t = layer.outputs[i];
                if (c >= kActivationSets) set.outputs.push_back(sets_[c % kActivationSets].outputs[i]);
                else set.outputs.push_back(t.present() ? place(device, t, paddedBytes(t)) : TensorView{});
            }
            sets_.push_back(std::move(set));
        }
        if (subject.info.workspace > 0) workspace_ = device.allocate(subject.info.workspace);
        launches_.push_back(device.prepare(layer, subject.tactic, threads));
        record(device, layer, subject.tactic, threads);
    }

    /// What the last runs computed, in row-major order, output after output.
    std::vector<double> results() {
        std::vector<double> numbers;
        for (const TensorView& v : sets_[0].outputs) {
            if (!v.present()) continue;
            TensorInfo plain;
            plain.dtype = v.dtype;
            plain.dims.assign(v.dims.begin(), v.dims.begin() + v.rank);
            HostMemory stored(paddedBytes(plain)), linear(paddedBytes(plain));
            stream_.copyOut(stored.data(), v.data, static_cast<uint64_t>(v.count()) * dtypeSize(v.dtype));
            stream_.synchronize();
            TensorView from = v;
            from.data = stored.data();
            copyStrided(makeView(plain, linear.data()), from);
            for (int64_t i = 0; i < v.count(); ++i) numbers.push_back(loadElement(v.dtype, linear.data(), static_cast<size_t>(i)));
        }
        return numbers;
    }

    double sample() {
        const auto start = stream_.record();
        if (recording_) stream_.replay(*recording_);
        else launchNext();
        const auto end = stream_.record();
        end->synchronize();
        return end->since(*start) / static_cast<double>(recording_ ? launches_.size() : 1);
    }

private:
    struct Set {
        std::vector<TensorView> inputs, outputs;
    };
    /// Several launches as one where the device can: on its own a short kernel's time is mostly that of starting it. Each
    /// has a Launch of its own, because a launch is prepared for the addresses it saw last.
    void record(Device& device, const LayerDesc& layer, const std::string& tactic, int threads) {
        launchNext();
        stream_.synchronize();
        if (!launches_[0]->recordable() || device.sharesHostMemory()) return;
        const double once = std::max(sample(), 1.0);  // without a recording: one launch
        const size_t wanted = std::clamp(static_cast<size_t>(std::ceil(kSampleNs / once)), kLeastRecorded, kRecorded);
        while (launches_.size() < std::min(wanted, sets_.size() * 4)) launches_.push_back(device.prepare(layer, tactic, threads));
        next_ = 0;
        for (size_t i = 0; i < launches_.size(); ++i) launchNext();
        stream_.synchronize();
        next_ = 0;
        recording_ = stream_.capture([&] {
            for (size_t i = 0; i < launches_.size(); ++i) launchNext();
        });
    }
    void launchNext() {
        const Set& s = sets_[next_ % sets_.size()];
        KernelArgs args;
        args.inputs = s.inputs;
        args.outputs = s.outputs;
        args.workspace = workspace_ ? workspace_->address() : nullptr;
        stream_.launch(*launches_[next_ % launches_.size()], args);
        ++next_;
    }
    TensorView place(Device& device, const TensorInfo& t, uint64_t bytes) {
        memory_.push_back(device.allocate(bytes));
        return makeView(t, memory_.back()->address());
    }
    /// Memory for an operand with what `from` holds, else with the host's data, as often as it fits.
    TensorView fill(Device& device, const TensorInfo& t, uint64_t bytes, const HostMemory& data, const TensorView* from) {
        const TensorView view = place(device, t, bytes);
        if (from != nullptr || data.bytes() == 0) {
            if (from != nullptr) stream_.copyWithin(view.data, from->data, bytes);
            return view;
        }
        auto* const start = static_cast<std::byte*>(view.data);
        stream_.copyIn(start, data.data(), data.bytes());
        for (uint64_t done = data.bytes(); done < bytes; done *= 2) stream_.copyWithin(start + done, start, std::min(done, bytes - done));
        return view;
    }
    Stream& stream_;
    std::vector<std::unique_ptr<Buffer>> memory_;
    std::vector<Set> sets_;
    std::unique_ptr<Buffer> workspace_;
    std::vector<std::unique_ptr<Launch>> launches_;
    std::unique_ptr<Recording> recording_;
    size_t next_ = 0;
};

/// Largest difference from the device's own kernel that a library's may have, of the largest number.
double allowed(DType t) { return t == DType::F16 || t == DType::BF16 ? 2e-2 : 2e-3; }

/// What the device's own best kernel computes from the numbers that every tactic is timed on.
std::vector<double> ownResults(Device& device, Stream& stream, const LayerDesc& layer, int threads, BenchOperands& operands) {
    for (const Tactic& t : device.enumerate(layer, threads)) {
        if (device.isForeign(t.name)) continue;
        return Bench(device, stream, Subject(device, layer, t.name, threads, operands), threads, 0).results();
    }
    throw Error(ErrorCode::Kernel, "there is no kernel to compare it with");
}

/// Throws Error(Kernel) where a library's tactic computes something else.
void compare(const std::vector<double>& got, const std::vector<double>& want, DType type) {
    double largest = 0, off = 0;
    for (size_t i = 0; i < want.size(); ++i) {
        largest = std::max(largest, std::abs(want[i]));
        const double d = std::abs(got[i] - want[i]);
        off = std::max(off, std::isnan(d) ? std::numeric_limits<double>::infinity() : d);
    }
    if (off > allowed(type) * largest) {
        throw Error(ErrorCode::Kernel, "it computes other numbers than our kernels: off by " + std::to_string(off) + " of " + std::to_string(largest));
    }
}

void sampleAll(Bench& bench, const MeasurePolicy& policy, double best, const StopToken* stop, Measurement& m) {
    std::vector<double> samples;
    for (int i = 0; i < policy.warmup; ++i) {
        throwIfStopped(stop);
        const double first = bench.sample();
        // So slow that not even its first run, however cold, is worth a second one.
        if (first > 8 * best * policy.hopeless) {
            m.ok = true;
            m.minNs = m.medianNs = m.maxNs = static_cast<uint64_t>(first);
            return;
        }
    }
    double spent = 0;
    double least = std::numeric_limits<double>::infinity();
    while (static_cast<int>(samples.size()) < policy.mostSamples) {
        throwIfStopped(stop);
        samples.push_back(bench.sample());
        spent += samples.back();
        least = std::min(least, samples.back());
        const int n = static_cast<int>(samples.size());
        if (n >= 2 && least > best * policy.hopeless) break;
        if (n >= policy.leastSamples && spent > policy.budgetNs) break;
    }
    std::sort(samples.begin(), samples.end());
    m.ok = true;
    m.minNs = static_cast<uint64_t>(samples.front());
    m.medianNs = static_cast<uint64_t>(samples[samples.size() / 2]);
    m.maxNs = static_cast<uint64_t>(samples.back());
}

}  // namespace

std::vector<Measurement> measure(Device& device, const LayerDesc& layer, std::span<const std::string> tactics, int threads,
                                 const StopToken* stop, const MeasurePolicy& policy, const MeasureListener& listener) {
    std::vector<Measurement> results;
    double best = std::numeric_limits<double>::infinity();
    const auto stream = device.createStream(threads);
    BenchOperands operands(std::any_of(tactics.begin(), tactics.end(), [&](const std::string& t) { return device.isForeign(t); }));
    std::vector<double> own;  // once a library's tactic is to be compared with it
    for (const std::string& tactic : tactics) {
        throwIfStopped(stop);
        Measurement m;
        m.tactic = tactic;
        if (listener.starting) listener.starting(tactic);
        try {
            const Subject subject(device, layer, tactic, threads, operands);
            const DeviceTurn turn(device);
            Bench bench(device, *stream, subject, threads, policy.rotation);
            if (device.isForeign(tactic)) {
                if (own.empty()) own = ownResults(device, *stream, layer, threads, operands);
                compare(bench.results(), own, layer.outputs[0].dtype);
            }
            sampleAll(bench, policy, best, stop, m);
            best = std::min(best, static_cast<double>(m.medianNs));
        } catch (const Error& e) {
            if (e.code == ErrorCode::Stopped) throw;
            m.error = e.what();
        } catch (const std::exception& e) {
            m.error = e.what();
        }
        if (listener.measured) listener.measured(m);
        results.push_back(std::move(m));
    }
    return results;
}

}  // namespace sinter
