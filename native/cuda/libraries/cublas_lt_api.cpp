#include "cuda/libraries/cublas_lt_api.h"

#include <map>
#include <mutex>

#include "core/error.h"
#include "cuda/context.h"
#include "cuda/library.h"
#include "cuda/symbols.h"

namespace sinter::cuda::lt {
namespace {

Opened open() {
    Opened result;
    result.info = {.name = "cuBLASLt", .path = {}, .version = {}, .problem = {}, .searched = searchedPlaces()};
    const Library library = openLibrary({"libcublasLt.so.13", "libcublasLt.so.12"});
    if (!library.handle) {
        result.info.problem = "cuBLASLt (libcublasLt.so) was not found (`pip install nvidia-cublas` provides it)";
        return result;
    }
    Api a{};
    Symbols symbol{library, {}};
    symbol(a.create, "cublasLtCreate");
    symbol(a.version, "cublasLtGetVersion");
    symbol(a.createOperation, "cublasLtMatmulDescCreate");
    symbol(a.destroyOperation, "cublasLtMatmulDescDestroy");
    symbol(a.setOperation, "cublasLtMatmulDescSetAttribute");
    symbol(a.createMatrix, "cublasLtMatrixLayoutCreate");
    symbol(a.destroyMatrix, "cublasLtMatrixLayoutDestroy");
    symbol(a.createPreference, "cublasLtMatmulPreferenceCreate");
    symbol(a.destroyPreference, "cublasLtMatmulPreferenceDestroy");
    symbol(a.setPreference, "cublasLtMatmulPreferenceSetAttribute");
    symbol(a.heuristics, "cublasLtMatmulAlgoGetHeuristic");
    symbol(a.check, "cublasLtMatmulAlgoCheck");
    symbol(a.multiply, "cublasLtMatmul");
    symbol(a.statusName, "cublasLtGetStatusName");
    if (result.complete(a, symbol)) result.info.version = versionText(a.version());
    return result;
}

}  // namespace

const Opened& opened() {
    static const Opened library = open();
    return library;
}

Handle handle() {
    static std::mutex mutex;
    static std::map<std::pair<const void*, uint64_t>, Handle> made;
    const std::lock_guard lock(mutex);
    Handle& h = made[Context::identity()];
    if (!h && opened().api->create(&h) != 0) throw Error(ErrorCode::Device, "cuBLASLt cannot start on this GPU");
    return h;
}

void check(Status status, const char* what) {
    if (status != 0) throw Error(ErrorCode::Kernel, std::string("cuBLASLt failed while ") + what + ": " + opened().api->statusName(status));
}

}  // namespace sinter::cuda::lt
