#include "cuda/libraries/cublas_lt.h"

#include <array>
#include <charconv>
#include <vector>

#include "core/error.h"
#include "cuda/libraries/cublas_lt_api.h"
#include "cuda/libraries/product.h"

namespace sinter::cuda {
namespace {

constexpr int kWanted = 8;                       ///< algorithms that the library's heuristic is asked for
constexpr uint64_t kMostWorkspace = 4ULL << 20;  ///< it lies in the arena
constexpr uint32_t kAlignment = 16;              ///< of every operand, views included

int typeCode(DType t) {
    switch (t) {
        case DType::F16: return lt::type::kF16;
        case DType::BF16: return lt::type::kBF16;
        default: return lt::type::kF32;
    }
}

/// A descriptor of the library's.
class Descriptor {
public:
    using Destroy = lt::Status (*)(lt::Descriptor);
    explicit Descriptor(Destroy destroy) : destroy_(destroy) {}
    ~Descriptor() {
        if (made_) destroy_(made_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    lt::Descriptor* out() { return &made_; }
    lt::Descriptor get() const { return made_; }

private:
    Destroy destroy_;
    lt::Descriptor made_ = nullptr;
};

/// Elements from row to row of x, the result and the residual.
struct Pitches {
    int64_t x = 0, y = 0, residual = 0;
    bool operator==(const Pitches&) const = default;
};

Pitches densePitches(const Product& p) { return {p.shape.channels, p.shape.columns, p.shape.columns}; }

/// The library is column-major: its A is W (transposed), its B is X, its D is the result, each row of ours a column there.
class Operation {
public:
    Operation(const Product& p, const Pitches& pitch) : api_(*lt::opened().api), product_(p) {
        const gemm::Problem& g = p.shape;
        const int compute = p.operand == DType::F32 && p.tf32 ? lt::compute::kTF32 : lt::compute::kF32;
        lt::check(api_.createOperation(operation_.out(), compute, lt::type::kF32), "describing a product");
        set(lt::operation::kTransposeA, lt::operation::kTransposed);
        uint32_t epilogue = p.bias >= 0 ? lt::epilogue::kBias : 0;
        if (p.activation == Product::Activation::Relu) epilogue |= lt::epilogue::kRelu;
        if (p.activation == Product::Activation::GeluTanh) epilogue |= lt::epilogue::kGelu;
        set(lt::operation::kEpilogue, epilogue == 0 ? lt::epilogue::kNone : epilogue);
        if (p.bias >= 0) {
            set(lt::operation::kBiasType, int32_t{typeCode(p.result)});
            setBias(reinterpret_cast<const void*>(uintptr_t{256}));  // only its alignment is looked at until it is launched
        }
        const auto matrix = [&](Descriptor& d, DType t, int64_t rows, int64_t columns, int64_t step) {
            lt::check(api_.createMatrix(d.out(), typeCode(t), static_cast<uint64_t>(rows), static_cast<uint64_t>(columns), step), "describing a matrix");
        };
        matrix(a_, p.operand, g.channels, g.columns, g.weightRow());
        matrix(b_, p.operand, g.channels, g.rows, pitch.x);
        matrix(c_, p.result, g.columns, g.rows, p.residual >= 0 ? pitch.residual : pitch.y);
        matrix(d_, p.result, g.columns, g.rows, pitch.y);
    }

    void setBias(const void* bias) { set(lt::operation::kBias, bias); }

    std::vector<lt::Heuristic> heuristics() const {
        Descriptor preference(api_.destroyPreference);
        lt::check(api_.createPreference(preference.out()), "stating preferences");
        const auto prefer = [&](int which, const auto& value) { lt::check(api_.setPreference(preference.get(), which, &value, sizeof value), "stating preferences"); };
        prefer(lt::preference::kWorkspace, kMostWorkspace);
        for (const int which : {lt::preference::kAlignmentA, lt::preference::kAlignmentB, lt::preference::kAlignmentC, lt::preference::kAlignmentD}) prefer(which, kAlignment);
        std::vector<lt::Heuristic> found(kWanted);
        int count = 0;
        const lt::Status status = api_.heuristics(lt::handle(), operation_.get(), a_.get(), b_.get(), c_.get(), d_.get(), preference.get(), kWanted, found.data(), &count);
        found.resize(status == 0 ? static_cast<size_t>(count) : 0);
        std::erase_if(found, [](const lt::Heuristic& h) { return h.state != 0; });
        return found;
    }

    /// Bytes of workspace that an algorithm needs; nothing when it cannot run this.
    std::optional<uint64_t> workspaceOf(const lt::Algorithm& algorithm) const {
        lt::Heuristic result;
        const lt::Status status = api_.check(lt::handle(), operation_.get(), a_.get(), b_.get(), c_.get(), d_.get(), &algorithm, &result);
        if (status != 0 || result.state != 0) return std::nullopt;
        return result.workspace;
    }

    void run(const KernelArgs& args, const lt::Algorithm& algorithm, uint64_t workspace, CuStream stream) {
        const TensorView &x = args.inputs[0], &w = args.inputs[1], &y = args.outputs[0];
        const auto alpha = static_cast<float>(product_.alpha);
        const float beta = product_.residual >= 0 ? 1.0F : 0.0F;
        const void* c = product_.residual >= 0 ? args.inputs[static_cast<size_t>(product_.residual)].data : y.data;
        if (product_.bias >= 0) setBias(args.inputs[static_cast<size_t>(product_.bias)].data);
        lt::check(api_.multiply(lt::handle(), operation_.get(), &alpha, w.data, a_.get(), x.data, b_.get(), &beta, c, c_.get(), y.data, d_.get(), &algorithm,
                                workspace > 0 ? args.workspace : nullptr, workspace, stream),
                  "launching a product");
    }

private:
    template <typename T>
    void set(int which, const T& value) {
        lt::check(api_.setOperation(operation_.get(), which, &value, sizeof value), "describing a product");
    }
    const lt::Api& api_;
    Product product_;
    Descriptor operation_{api_.destroyOperation};
    Descriptor a_{api_.destroyMatrix}, b_{api_.destroyMatrix}, c_{api_.destroyMatrix}, d_{api_.destroyMatrix};
};

/// The algorithm's words in hexadecimal, without the zeros at its end: the library's documentation allows to keep them for
/// use with the same version.
std::string textOf(const lt::Algorithm& a) {
    size_t words = a.words.size();
    while (words > 1 && a.words[words - 1] == 0) --words;
    std::string text;
    for (size_t i = 0; i < words; ++i) {
        char hex[20];
        const auto end = std::to_chars(hex, hex + sizeof hex, a.words[i], 16);
        text += (i > 0 ? "." : "") + std::string(hex, end.ptr);
    }
    return text;
}

lt::Algorithm algorithmFrom(std::string_view text) {
    lt::Algorithm a;
    for (size_t i = 0; !text.empty(); ++i) {
        const size_t end = std::min(text.find('.'), text.size());
        uint64_t word = 0;
        const auto read = std::from_chars(text.data(), text.data() + end, word, 16);
        if (i >= a.words.size() || read.ec != std::errc{} || read.ptr != text.data() + end) throw Error(ErrorCode::Kernel, "an algorithm of cuBLASLt cannot be read from its name");
        a.words[i] = word;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return a;
}

class LtLaunch final : public LibraryLaunch {
public:
    LtLaunch(const Product& product, const lt::Algorithm& algorithm, uint64_t reserved) : product_(product), algorithm_(algorithm), reserved_(reserved) {}

    void run(CuStream stream, const KernelArgs& args) override {
        const bool convolution = product_.shape.convolution;
        const auto pitch = [&](const TensorView& v, int64_t columns) { return rowPitch(v, convolution, columns); };
        Pitches now{pitch(args.inputs[0], product_.shape.channels), pitch(args.outputs[0], product_.shape.columns), product_.shape.columns};
        if (product_.residual >= 0) now.residual = pitch(args.inputs[static_cast<size_t>(product_.residual)], product_.shape.columns);
        if (!operation_ || now != pitches_) {
            operation_ = std::make_unique<Operation>(product_, now);
            const auto workspace = operation_->workspaceOf(algorithm_);
            if (!workspace || *workspace > reserved_) throw Error(ErrorCode::Kernel, "the algorithm of cuBLASLt cannot run on these strides");
            workspace_ = *workspace;
            pitches_ = now;
        }
        operation_->run(args, algorithm_, workspace_, stream);
    }

private:
    Product product_;
    lt::Algorithm algorithm_;
    std::unique_ptr<Operation> operation_;
    Pitches pitches_;
    uint64_t workspace_ = 0, reserved_ = 0;
};

class CublasLt final : public TacticLibrary {
public:
    std::string_view source() const override { return "cublaslt"; }
    std::string_view option() const override { return "CUBLAS_LT"; }
    const SupportLibrary& info() const override { return lt::opened().info; }

    std::vector<Tactic> enumerate(const LayerDesc& layer, const DeviceProperties& device) const override {
        const auto product = productOf(layer);
        if (!product || !lt::opened().api) return {};
        std::vector<Tactic> found;
        const double estimate = productEstimate(layer, *product, device);
        const Operation operation(*product, densePitches(*product));
        for (const lt::Heuristic& h : operation.heuristics()) {
            TacticInfo info = operandsOf(layer, *product);
            info.workspace = h.workspace;
            info.estimate = estimate * (1 + 0.01 * static_cast<double>(found.size()));  // the library has ranked them
            const std::string op = product->shape.convolution ? "conv2d" : "matmul";
            const std::string type = product->tf32 && product->operand == DType::F32 ? "tf32" : std::string(shortName(product->operand));
            found.push_back({"cublaslt:" + lt::opened().info.version + ":" + type + "_" + op + "__" + textOf(h.algorithm), std::move(info)});
        }
        return found;
    }

    TacticInfo describe(const LayerDesc& layer, std::string_view tactic, const DeviceProperties& device) const override {
        const Product product = need(layer, tactic);
        TacticInfo info = operandsOf(layer, product);
        const auto workspace = Operation(product, densePitches(product)).workspaceOf(algorithmFrom(algorithmOf(tactic)));
        if (!workspace) cannot(layer, tactic);
        info.workspace = *workspace;
        info.estimate = productEstimate(layer, product, device);
        return info;
    }

    void pack(const LayerDesc& layer, std::string_view tactic, int input, const void* raw, void* packed) const override {
        packProduct(layer, need(layer, tactic), input, raw, packed);
    }

    std::unique_ptr<LibraryLaunch> prepare(const LayerDesc& layer, std::string_view tactic, const DeviceProperties& device) const override {
        return std::make_unique<LtLaunch>(need(layer, tactic), algorithmFrom(algorithmOf(tactic)), describe(layer, tactic, device).workspace);
    }

private:
    [[noreturn]] static void cannot(const LayerDesc& layer, std::string_view tactic) {
        throw Error(ErrorCode::Kernel, "\"" + std::string(tactic) + "\" cannot run layer \"" + layer.name + "\" (" + layer.op + ") with these shapes and types", layer.name);
    }
    static Product need(const LayerDesc& layer, std::string_view tactic) {
        const auto product = productOf(layer);
        if (!product) cannot(layer, tactic);
        return *product;
    }
    static std::string_view shortName(DType t) {
        return t == DType::F16 ? "f16" : t == DType::BF16 ? "bf16" : "f32";
    }
};

}  // namespace

TacticLibrary& cublasLtLibrary() {
    static CublasLt library;
    return library;
}

}  // namespace sinter::cuda
