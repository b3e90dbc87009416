#pragma once
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "cuda/symbols.h"

// The part of cuDNN's backend interface that the runtime uses, declared here so that none of its headers is needed to
// compile: names and numbers as the documentation of version 9 gives them (docs.nvidia.com/deeplearning/cudnn/backend).
namespace sinter::cuda::dnn {

using Status = int;
using Handle = void*;
using Object = void*;  ///< a backend descriptor
using Stream = void*;

namespace kind {  // of descriptors
constexpr int kPointwise = 0, kConvolution = 1, kEngine = 2, kEngineConfig = 3, kHeuristics = 4, kPlan = 5, kKnobChoice = 7, kConvolutionForward = 10,
              kPointwiseOperation = 13, kGraph = 15, kVariantPack = 16, kTensor = 17;
}
namespace type {  // of attributes
constexpr int kHandle = 0, kDataType = 1, kBoolean = 2, kInt64 = 3, kFloat = 4, kPointer = 6, kConvolutionMode = 7, kHeuristicMode = 8, kKnobType = 9,
              kPointwiseMode = 14, kObject = 15;
}
namespace attribute {
constexpr int kPointwiseMode = 0, kPointwisePrecision = 1;
constexpr int kConvolutionPrecision = 100, kConvolutionMode = 101, kDilations = 102, kStrides = 103, kPaddingAfter = 104, kPaddingBefore = 105,
              kSpatialDims = 106;
constexpr int kHeuristicMode = 200, kHeuristicGraph = 201, kHeuristicResults = 202;
constexpr int kConfigEngine = 300, kConfigKnobs = 302;
constexpr int kPlanHandle = 400, kPlanConfig = 401, kPlanWorkspace = 402;
constexpr int kKnobType = 600, kKnobValue = 601;
constexpr int kForwardAlpha = 700, kForwardBeta = 701, kForwardConvolution = 702, kForwardW = 703, kForwardX = 704, kForwardY = 705;
constexpr int kOperationPointwise = 750, kOperationX = 751, kOperationB = 752, kOperationY = 753;
constexpr int kGraphHandle = 800, kGraphOperations = 801;
constexpr int kTensorAlignment = 900, kTensorType = 901, kTensorDims = 902, kTensorStrides = 903, kTensorId = 906, kTensorVirtual = 907;
constexpr int kPackIds = 1000, kPackPointers = 1001, kPackWorkspace = 1003;
constexpr int kEngineGraph = 1300, kEngineIndex = 1301;
}  // namespace attribute
namespace data {  // cudnnDataType_t
constexpr int kF32 = 0, kF16 = 2, kBF16 = 9;
}
constexpr int kCrossCorrelation = 1, kAdd = 0, kRelu = 100, kHeuristicA = 3;

struct Api {
    size_t (*version)();
    Status (*create)(Handle*);
    Status (*setStream)(Handle, Stream);
    Status (*createObject)(int kind, Object*);
    Status (*destroyObject)(Object);
    Status (*setAttribute)(Object, int name, int type, int64_t count, const void*);
    Status (*getAttribute)(Object, int name, int type, int64_t wanted, int64_t* count, void*);
    Status (*finalize)(Object);
    Status (*execute)(Handle, Object plan, Object variantPack);
    const char* (*errorString)(Status);
};

using Opened = OpenedLibrary<Api>;
const Opened& opened();

/// The library's handle for the current device, and what keeps two threads from setting its stream at once.
struct Shared {
    Handle handle = nullptr;
    std::mutex mutex;
};
/// Made when first asked for. Throws Error(Device).
Shared& shared();
/// Throws Error(Kernel) with the library's own words.
void check(Status status, const char* what);

/// A backend descriptor, described attribute by attribute.
class Descriptor {
public:
    explicit Descriptor(int kind);
    ~Descriptor();
    Descriptor(Descriptor&& other) noexcept : object_(other.object_) { other.object_ = nullptr; }
    Descriptor& operator=(Descriptor&& other) noexcept;
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    Descriptor& set(int name, int type, int64_t count, const void* values);
    Descriptor& set(int name, int type, int value) { return set(name, type, 1, &value); }
    Descriptor& setInt64(int name, int64_t value) { return set(name, type::kInt64, 1, &value); }
    Descriptor& setInt64s(int name, const std::vector<int64_t>& v) { return set(name, type::kInt64, static_cast<int64_t>(v.size()), v.data()); }
    Descriptor& setFloat(int name, float value) { return set(name, type::kFloat, 1, &value); }
    Descriptor& setPointer(int name, void* value) { return set(name, type::kPointer, 1, &value); }
    Descriptor& setObject(int name, const Descriptor& other) { return set(name, type::kObject, 1, &other.object_); }
    Descriptor& setObjects(int name, const std::vector<const Descriptor*>& others);
    Descriptor& setHandle(int name) {
        Handle h = shared().handle;
        return set(name, type::kHandle, 1, &h);
    }
    /// Throws Error(Kernel) where the library does not support what was described.
    Descriptor& finalize();

    int64_t int64(int name) const;
    int integer(int name, int type) const;
    /// Descriptors of `kind` that an attribute holds, at most `most`.
    std::vector<Descriptor> objects(int name, int kind, int64_t most) const;
    Object get() const { return object_; }

private:
    Object object_ = nullptr;
};

}  // namespace sinter::cuda::dnn
