#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "cuda/symbols.h"

// The part of cuBLASLt's interface that the runtime uses, declared here so that none of its headers is needed to compile:
// names, numbers and sizes as its documentation gives them (docs.nvidia.com/cuda/cublas, "Using the cuBLASLt API").
namespace sinter::cuda::lt {

using Status = int;
using Handle = void*;
using Descriptor = void*;  ///< of an operation, a matrix or a preference
using Stream = void*;

/// An algorithm with its configuration; valid for the library version that made it.
struct Algorithm {
    std::array<uint64_t, 8> words{};
};
struct Heuristic {
    Algorithm algorithm;
    size_t workspace = 0;
    Status state = 0;
    float waves = 0;
    int reserved[4] = {};
};

namespace type {  // cudaDataType
constexpr int kF32 = 0, kF16 = 2, kBF16 = 14;
}
namespace compute {
constexpr int kF32 = 68, kTF32 = 77;
}
namespace operation {  // attributes of an operation
constexpr int kTransposeA = 3, kEpilogue = 7, kBias = 8, kBiasType = 26;
constexpr int32_t kTransposed = 1;
}
namespace epilogue {
constexpr uint32_t kNone = 1, kRelu = 2, kBias = 4, kGelu = 32;  ///< with a bias: their sum; GELU is its tanh form
}
namespace preference {
constexpr int kWorkspace = 1, kAlignmentA = 5, kAlignmentB = 6, kAlignmentC = 7, kAlignmentD = 8;
}

struct Api {
    Status (*create)(Handle*);
    size_t (*version)();
    Status (*createOperation)(Descriptor*, int compute, int scale);
    Status (*destroyOperation)(Descriptor);
    Status (*setOperation)(Descriptor, int, const void*, size_t);
    Status (*createMatrix)(Descriptor*, int type, uint64_t rows, uint64_t columns, int64_t pitch);
    Status (*destroyMatrix)(Descriptor);
    Status (*createPreference)(Descriptor*);
    Status (*destroyPreference)(Descriptor);
    Status (*setPreference)(Descriptor, int, const void*, size_t);
    Status (*heuristics)(Handle, Descriptor operation, Descriptor a, Descriptor b, Descriptor c, Descriptor d, Descriptor preference, int wanted,
                         Heuristic*, int* found);
    Status (*check)(Handle, Descriptor operation, Descriptor a, Descriptor b, Descriptor c, Descriptor d, const Algorithm*, Heuristic*);
    Status (*multiply)(Handle, Descriptor operation, const void* alpha, const void* a, Descriptor aOf, const void* b, Descriptor bOf,
                       const void* beta, const void* c, Descriptor cOf, void* d, Descriptor dOf, const Algorithm*, void* workspace,
                       size_t workspaceBytes, Stream);
    const char* (*statusName)(Status);
};

using Opened = OpenedLibrary<Api>;
const Opened& opened();

/// The library's handle for the current device, made when first asked for. Throws Error(Device).
Handle handle();
/// Throws Error(Kernel) with the library's own word.
void check(Status status, const char* what);

}  // namespace sinter::cuda::lt
