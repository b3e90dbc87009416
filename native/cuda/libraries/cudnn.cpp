#include "cuda/libraries/cudnn.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "core/error.h"
#include "cuda/context.h"
#include "cuda/libraries/cudnn_api.h"
#include "cuda/libraries/product.h"

namespace sinter::cuda {
namespace {

constexpr int kWanted = 6;                       ///< engines that the library's heuristic is asked for
constexpr int kMostKnobs = 40;
constexpr int64_t kMostWorkspace = 16LL << 20;   ///< it lies in the arena
constexpr int64_t kAlignment = 16;               ///< of every operand, views included

namespace id {  // of the graph's tensors
constexpr int64_t kX = 1, kW = 2, kY = 3, kBias = 4, kResidual = 5, kFirstInner = 10;
}

int typeCode(DType t) { return t == DType::F16 ? dnn::data::kF16 : t == DType::BF16 ? dnn::data::kBF16 : dnn::data::kF32; }

/// Elements from pixel to pixel of x, the result and the residual; rows and images follow without gaps.
struct Pitches {
    int64_t x = 0, y = 0, residual = 0;
};

/// A convolution layer as an operation graph: x * w, then bias, residual and Relu on float32 intermediates.
class Graph {
public:
    Graph(const LayerDesc& layer, const Product& p, const Pitches& pitch) {
        const gemm::Problem& g = p.shape;
        const int64_t columns = g.columns * g.groups;
        const auto image = [](int64_t n, int64_t c, int64_t h, int64_t w, int64_t step) {
            return std::pair{std::vector{n, c, h, w}, std::vector{h * w * step, int64_t{1}, w * step, step}};
        };
        const auto [xDims, xStrides] = image(g.images, g.channels * g.groups, g.h, g.w, pitch.x);
        const auto [yDims, yStrides] = image(g.images, columns, g.p, g.q, pitch.y);
        const auto [rDims, rStrides] = image(g.images, columns, g.p, g.q, pitch.residual);
        const auto [iDims, iStrides] = image(g.images, columns, g.p, g.q, columns);
        const int64_t row = g.weightRow();
        const size_t x = tensor(id::kX, p.operand, xDims, xStrides);
        const size_t w = tensor(id::kW, p.operand, {columns, g.channels, g.r, g.s}, {row, 1, g.s * g.channels, g.channels});
        const int steps = int{p.bias >= 0} + int{p.residual >= 0} + int{p.activation == Product::Activation::Relu};
        int left = steps;
        int64_t inner = id::kFirstInner;
        const auto next = [&] { return left-- == 0 ? tensor(id::kY, p.result, yDims, yStrides) : tensor(inner++, DType::F32, iDims, iStrides, true); };

        const auto pads = layer.intsAttr("pads");
        dnn::Descriptor convolution(dnn::kind::kConvolution);
        convolution.setInt64(dnn::attribute::kSpatialDims, 2)
            .set(dnn::attribute::kConvolutionPrecision, dnn::type::kDataType, dnn::data::kF32)
            .set(dnn::attribute::kConvolutionMode, dnn::type::kConvolutionMode, dnn::kCrossCorrelation)
            .setInt64s(dnn::attribute::kDilations, {g.dilationH, g.dilationW})
            .setInt64s(dnn::attribute::kStrides, {g.strideH, g.strideW})
            .setInt64s(dnn::attribute::kPaddingBefore, {pads[0], pads[1]})
            .setInt64s(dnn::attribute::kPaddingAfter, {pads[2], pads[3]})
            .finalize();
        size_t at = next();
        operations_.emplace_back(dnn::kind::kConvolutionForward);
        operations_.back()
            .setObject(dnn::attribute::kForwardX, tensors_[x])
            .setObject(dnn::attribute::kForwardW, tensors_[w])
            .setObject(dnn::attribute::kForwardY, tensors_[at])
            .setObject(dnn::attribute::kForwardConvolution, convolution)
            .setFloat(dnn::attribute::kForwardAlpha, 1)
            .setFloat(dnn::attribute::kForwardBeta, 0)
            .finalize();
        kept_.push_back(std::move(convolution));
        const auto pointwise = [&](int mode, const size_t* other) {
            dnn::Descriptor how(dnn::kind::kPointwise);
            how.set(dnn::attribute::kPointwiseMode, dnn::type::kPointwiseMode, mode)
                .set(dnn::attribute::kPointwisePrecision, dnn::type::kDataType, dnn::data::kF32)
                .finalize();
            const size_t to = next();
            operations_.emplace_back(dnn::kind::kPointwiseOperation);
            dnn::Descriptor& o = operations_.back();
            o.setObject(dnn::attribute::kOperationPointwise, how).setObject(dnn::attribute::kOperationX, tensors_[at]);
            if (other) o.setObject(dnn::attribute::kOperationB, tensors_[*other]);
            o.setObject(dnn::attribute::kOperationY, tensors_[to]).finalize();
            kept_.push_back(std::move(how));
            at = to;
        };
        if (p.bias >= 0) {
            const size_t b = tensor(id::kBias, p.result, {1, columns, 1, 1}, {columns, 1, columns, columns});
            pointwise(dnn::kAdd, &b);
        }
        if (p.residual >= 0) {
            const size_t r = tensor(id::kResidual, p.result, rDims, rStrides);
            pointwise(dnn::kAdd, &r);
        }
        if (p.activation == Product::Activation::Relu) pointwise(dnn::kRelu, nullptr);
        std::vector<const dnn::Descriptor*> list;
        for (const dnn::Descriptor& o : operations_) list.push_back(&o);
        graph_.setHandle(dnn::attribute::kGraphHandle).setObjects(dnn::attribute::kGraphOperations, list).finalize();
    }

    const dnn::Descriptor& get() const { return graph_; }

private:
    size_t tensor(int64_t unique, DType t, const std::vector<int64_t>& dims, const std::vector<int64_t>& strides, bool inner = false) {
        dnn::Descriptor d(dnn::kind::kTensor);
        d.set(dnn::attribute::kTensorType, dnn::type::kDataType, typeCode(t))
            .setInt64s(dnn::attribute::kTensorDims, dims)
            .setInt64s(dnn::attribute::kTensorStrides, strides)
            .setInt64(dnn::attribute::kTensorId, unique)
            .setInt64(dnn::attribute::kTensorAlignment, kAlignment);
        const bool isVirtual = inner;
        d.set(dnn::attribute::kTensorVirtual, dnn::type::kBoolean, 1, &isVirtual);
        tensors_.push_back(std::move(d.finalize()));
        return tensors_.size() - 1;
    }
    std::vector<dnn::Descriptor> tensors_, operations_, kept_;
    dnn::Descriptor graph_{dnn::kind::kGraph};
};

/// An engine of the library with its settings: "38_2.0_13.1" is engine 38, knob 2 = 0, knob 13 = 1.
struct Choice {
    int64_t engine = 0;
    std::vector<std::pair<int, int64_t>> knobs;
};

std::string textOf(const Choice& c) {
    std::string text = std::to_string(c.engine);
    for (const auto& [knob, value] : c.knobs) text += "_" + std::to_string(knob) + "." + std::to_string(value);
    return text;
}

Choice choiceFrom(std::string_view text) {
    Choice c;
    const char *at = text.data(), *end = text.data() + text.size();
    const auto number = [&](auto& value) {
        const auto read = std::from_chars(at, end, value);
        if (read.ec != std::errc{}) throw Error(ErrorCode::Kernel, "an engine of cuDNN cannot be read from its name");
        at = read.ptr;
    };
    const auto skip = [&](char c_) {
        if (at == end || *at++ != c_) throw Error(ErrorCode::Kernel, "an engine of cuDNN cannot be read from its name");
    };
    number(c.engine);
    while (at != end) {
        auto& [knob, value] = c.knobs.emplace_back();
        skip('_');
        number(knob);
        skip('.');
        number(value);
    }
    return c;
}

/// What the library itself proposes for a graph, best first.
std::vector<Choice> proposalsOf(const Graph& graph) {
    dnn::Descriptor heuristics(dnn::kind::kHeuristics);
    heuristics.setObject(dnn::attribute::kHeuristicGraph, graph.get()).set(dnn::attribute::kHeuristicMode, dnn::type::kHeuristicMode, dnn::kHeuristicA).finalize();
    std::vector<Choice> found;
    for (const dnn::Descriptor& config : heuristics.objects(dnn::attribute::kHeuristicResults, dnn::kind::kEngineConfig, kWanted)) {
        Choice c;
        const auto engine = config.objects(dnn::attribute::kConfigEngine, dnn::kind::kEngine, 1);
        if (engine.empty()) continue;
        c.engine = engine[0].int64(dnn::attribute::kEngineIndex);
        for (const dnn::Descriptor& knob : config.objects(dnn::attribute::kConfigKnobs, dnn::kind::kKnobChoice, kMostKnobs)) {
            c.knobs.emplace_back(knob.integer(dnn::attribute::kKnobType, dnn::type::kKnobType), knob.int64(dnn::attribute::kKnobValue));
        }
        found.push_back(std::move(c));
    }
    return found;
}

/// A choice made ready for a graph; the library compiles here what it compiles. Throws Error(Kernel) where it cannot run it.
class Plan {
public:
    Plan(const Graph& graph, const Choice& choice) {
        engine_.setObject(dnn::attribute::kEngineGraph, graph.get()).setInt64(dnn::attribute::kEngineIndex, choice.engine).finalize();
        std::vector<const dnn::Descriptor*> list;
        for (const auto& [knob, value] : choice.knobs) {
            dnn::Descriptor& k = knobs_.emplace_back(dnn::kind::kKnobChoice);
            k.set(dnn::attribute::kKnobType, dnn::type::kKnobType, knob).setInt64(dnn::attribute::kKnobValue, value).finalize();
        }
        for (const dnn::Descriptor& k : knobs_) list.push_back(&k);
        config_.setObject(dnn::attribute::kConfigEngine, engine_);
        if (!list.empty()) config_.setObjects(dnn::attribute::kConfigKnobs, list);
        config_.finalize();
        plan_.setHandle(dnn::attribute::kPlanHandle).setObject(dnn::attribute::kPlanConfig, config_).finalize();
        workspace_ = plan_.int64(dnn::attribute::kPlanWorkspace);
    }
    int64_t workspace() const { return workspace_; }

    void run(CuStream stream, const std::vector<int64_t>& ids, std::vector<void*> pointers, void* workspace) const {
        dnn::Descriptor pack(dnn::kind::kVariantPack);
        pack.setInt64s(dnn::attribute::kPackIds, ids)
            .set(dnn::attribute::kPackPointers, dnn::type::kPointer, static_cast<int64_t>(pointers.size()), pointers.data())
            .setPointer(dnn::attribute::kPackWorkspace, workspace)
            .finalize();
        const dnn::Api& api = *dnn::opened().api;
        dnn::Shared& library = dnn::shared();
        const std::lock_guard lock(library.mutex);
        dnn::check(api.setStream(library.handle, stream), "choosing a stream");
        dnn::check(api.execute(library.handle, plan_.get(), pack.get()), "launching a convolution");
    }

private:
    dnn::Descriptor engine_{dnn::kind::kEngine}, config_{dnn::kind::kEngineConfig}, plan_{dnn::kind::kPlan};
    std::vector<dnn::Descriptor> knobs_;
    int64_t workspace_ = 0;
};

/// A graph and the plan that runs it.
struct Ready {
    Ready(const LayerDesc& layer, const Product& p, const Pitches& pitch, const Choice& choice) : graph(layer, p, pitch), plan(graph, choice) {}
    Graph graph;
    Plan plan;
};

/// Plans by everything that decides what they are: the library may compile for one, and a layer is asked about more than
/// once before it runs. Kept as long as somebody uses them, and the last few.
std::shared_ptr<const Ready> readyFor(const LayerDesc& layer, const Product& p, const Pitches& pitch, const Choice& choice) {
    static std::mutex mutex;
    // Never destroyed: at the end of the process the library may be gone before them.
    static auto& made = *new std::map<std::string, std::weak_ptr<const Ready>>;
    static auto& recent = *new std::deque<std::shared_ptr<const Ready>>;
    constexpr size_t kRecent = 256;
    const gemm::Problem& g = p.shape;
    const auto [context, epoch] = Context::identity();
    std::string key = textOf(choice);
    const auto pads = layer.intsAttr("pads");
    for (const int64_t n : {static_cast<int64_t>(reinterpret_cast<uintptr_t>(context)), static_cast<int64_t>(epoch), g.images, g.h, g.w, g.channels, g.columns, g.groups, g.r, g.s, g.p, g.q, g.strideH, g.strideW,
                            pads[0], pads[1], pads[2], pads[3], g.dilationH, g.dilationW, static_cast<int64_t>(p.operand), static_cast<int64_t>(p.result),
                            int64_t{p.bias >= 0}, int64_t{p.residual >= 0}, static_cast<int64_t>(p.activation), pitch.x, pitch.y, pitch.residual}) {
        key += ' ' + std::to_string(n);
    }
    const std::lock_guard lock(mutex);
    if (auto known = made[key].lock()) return known;
    auto ready = std::make_shared<const Ready>(layer, p, pitch, choice);
    made[key] = ready;
    recent.push_back(ready);
    if (recent.size() > kRecent) recent.pop_front();
    return ready;
}

/// A layer as the library sees it; nothing where it is no such convolution.
std::optional<Product> convolutionOf(const LayerDesc& d) {
    auto p = productOf(d, true);
    // Without permission to round to TF32 the library might all the same.
    if (!p || !p->shape.convolution || (p->operand == DType::F32 && !p->tf32)) return std::nullopt;
    if (p->activation == Product::Activation::GeluTanh || p->shape.weightRow() != p->shape.reduction()) return std::nullopt;
    return p;
}

Pitches densePitches(const Product& p) {
    const int64_t columns = p.shape.columns * p.shape.groups;
    return {p.shape.channels * p.shape.groups, columns, columns};
}

class DnnLaunch final : public LibraryLaunch {
public:
    DnnLaunch(LayerDesc layer, const Product& product, Choice choice) : layer_(std::move(layer)), product_(product), choice_(std::move(choice)) {}

    void run(CuStream stream, const KernelArgs& args) override {
        std::vector<int64_t> ids{id::kX, id::kW, id::kY};
        std::vector<void*> pointers{args.inputs[0].data, args.inputs[1].data, args.outputs[0].data};
        const auto add = [&](int64_t unique, int input) {
            if (input < 0) return;
            ids.push_back(unique);
            pointers.push_back(args.inputs[static_cast<size_t>(input)].data);
        };
        add(id::kBias, product_.bias);
        add(id::kResidual, product_.residual);
        if (!ready_) ready_ = readyFor(layer_, product_, densePitches(product_), choice_);
        const Plan& plan = ready_->plan;
        plan.run(stream, ids, std::move(pointers), plan.workspace() > 0 ? args.workspace : nullptr);
    }

private:
    LayerDesc layer_;
    Product product_;
    Choice choice_;
    std::shared_ptr<const Ready> ready_;
};

class Cudnn final : public TacticLibrary {
public:
    std::string_view source() const override { return "cudnn"; }
    std::string_view option() const override { return "CUDNN"; }
    const SupportLibrary& info() const override { return dnn::opened().info; }

    std::vector<Tactic> enumerate(const LayerDesc& layer, const DeviceProperties& device) const override {
        const auto product = convolutionOf(layer);
        if (!product || !dnn::opened().api) return {};
        std::vector<Tactic> found;
        try {
            const Graph graph(layer, *product, densePitches(*product));
            for (const Choice& c : proposalsOf(graph)) {
                if (auto info = infoOf(layer, *product, c, device)) {
                    info->estimate *= 1 + 0.01 * static_cast<double>(found.size());  // the library has ranked them
                    const std::string type = product->operand == DType::F16 ? "f16" : product->operand == DType::BF16 ? "bf16" : "tf32";
                    found.push_back({"cudnn:" + info_().version + ":" + type + "_conv2d__" + textOf(c), std::move(*info)});
                }
            }
        } catch (const Error& e) {
            if (e.code != ErrorCode::Kernel) throw;  // a graph that it does not support is no tactic
        }
        return found;
    }

    TacticInfo describe(const LayerDesc& layer, std::string_view tactic, const DeviceProperties& device) const override {
        const Product product = need(layer, tactic);
        auto info = infoOf(layer, product, choiceFrom(algorithmOf(tactic)), device);
        if (!info) cannot(layer, tactic);
        return std::move(*info);
    }

    void pack(const LayerDesc& layer, std::string_view tactic, int input, const void* raw, void* packed) const override {
        packProduct(layer, need(layer, tactic), input, raw, packed);
    }

    std::unique_ptr<LibraryLaunch> prepare(const LayerDesc& layer, std::string_view tactic, const DeviceProperties&) const override {
        return std::make_unique<DnnLaunch>(layer, need(layer, tactic), choiceFrom(algorithmOf(tactic)));
    }

private:
    static const SupportLibrary& info_() { return dnn::opened().info; }
    /// Nothing where the engine cannot run the graph, or wants more memory than it may have.
    static std::optional<TacticInfo> infoOf(const LayerDesc& layer, const Product& p, const Choice& c, const DeviceProperties& device) {
        try {
            const int64_t workspace = readyFor(layer, p, densePitches(p), c)->plan.workspace();
            if (workspace < 0 || workspace > kMostWorkspace) return std::nullopt;
            TacticInfo info = operandsOf(layer, p);
            // The plan, and the memory it asks for, are those of dense images.
            info.inputViews.assign(layer.inputs.size(), 0);
            info.outputViews.assign(layer.outputs.size(), 0);
            info.workspace = static_cast<uint64_t>(workspace);
            info.estimate = productEstimate(layer, p, device);
            return info;
        } catch (const Error& e) {
            if (e.code != ErrorCode::Kernel) throw;
            return std::nullopt;
        }
    }
    [[noreturn]] static void cannot(const LayerDesc& layer, std::string_view tactic) {
        throw Error(ErrorCode::Kernel, "\"" + std::string(tactic) + "\" cannot run layer \"" + layer.name + "\" (" + layer.op + ") with these shapes and types", layer.name);
    }
    static Product need(const LayerDesc& layer, std::string_view tactic) {
        const auto product = convolutionOf(layer);
        if (!product) cannot(layer, tactic);
        return *product;
    }
};

}  // namespace

TacticLibrary& cudnnLibrary() {
    static Cudnn library;
    return library;
}

}  // namespace sinter::cuda
