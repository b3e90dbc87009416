// A stand-in for libcublasLt on the emulated GPU: the entry points that the runtime uses, a plain product on the CPU. It takes
// what the library takes and refuses what it refuses, as far as the runtime asks: column-major matrices, A transposed, bias and
// activation after the sum with C.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "numbers.h"

namespace {

using namespace emulated;
constexpr int kInvalid = 7, kUnsupported = 15;

struct Operation {
    int compute = 0;
    int32_t transposeA = 0, biasType = -1;
    uint32_t epilogue = 1;
    const void* bias = nullptr;
};
struct Matrix {
    int type = 0;
    uint64_t rows = 0, columns = 0;
    int64_t pitch = 0;
};
struct Preference {
    uint64_t workspace = 0;
};
struct Algorithm {
    uint64_t words[8];
};
struct Heuristic {
    Algorithm algorithm;
    size_t workspace;
    int state;
    float waves;
    int reserved[4];
};

bool supported(const Operation& o, const Matrix& a, const Matrix& b, const Matrix& c, const Matrix& d) {
    if (o.transposeA != 1 || a.type != b.type || c.type != d.type) return false;
    if (a.rows != b.rows || a.columns != d.rows || b.columns != d.columns || c.rows != d.rows || c.columns != d.columns) return false;
    if (a.pitch < static_cast<int64_t>(a.rows) || b.pitch < static_cast<int64_t>(b.rows) || d.pitch < static_cast<int64_t>(d.rows)) return false;
    return d.type == a.type || d.type == kF32;
}

void multiply(const Operation& o, float alpha, const void* a, const Matrix& A, const void* b, const Matrix& B, float beta, const void* c,
              const Matrix& C, void* d, const Matrix& D) {
    for (uint64_t n = 0; n < D.columns; ++n) {
        for (uint64_t m = 0; m < D.rows; ++m) {
            double sum = 0;
            for (uint64_t k = 0; k < A.rows; ++k) {
                sum += static_cast<double>(load(A.type, a, static_cast<int64_t>(m) * A.pitch + static_cast<int64_t>(k))) *
                       static_cast<double>(load(B.type, b, static_cast<int64_t>(n) * B.pitch + static_cast<int64_t>(k)));
            }
            float x = static_cast<float>(sum) * alpha;
            if (beta != 0) x += beta * load(C.type, c, static_cast<int64_t>(n) * C.pitch + static_cast<int64_t>(m));
            if (o.epilogue & 4) x += load(o.biasType < 0 ? D.type : o.biasType, o.bias, static_cast<int64_t>(m));
            if (o.epilogue & 2) x = std::fmax(x, 0.0F);
            if (o.epilogue & 32) x = 0.5F * x * (1 + std::tanh(0.7978845608F * (x + 0.044715F * x * x * x)));
            store(D.type, d, static_cast<int64_t>(n) * D.pitch + static_cast<int64_t>(m), x);
        }
    }
}

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT int cublasLtCreate(void** h) { *h = new int; return 0; }
EXPORT size_t cublasLtGetVersion() {
    const char* given = std::getenv("SINTER_EMULATED_CUBLASLT");  // another version
    return given ? static_cast<size_t>(std::atoi(given)) : 130001;
}
EXPORT const char* cublasLtGetStatusName(int) { return "an emulated error"; }
EXPORT int cublasLtMatmulDescCreate(void** o, int compute, int) { *o = new Operation{.compute = compute}; return 0; }
EXPORT int cublasLtMatmulDescDestroy(void* o) { delete static_cast<Operation*>(o); return 0; }
EXPORT int cublasLtMatmulDescSetAttribute(void* o, int which, const void* value, size_t size) {
    auto& op = *static_cast<Operation*>(o);
    const auto take = [&](auto& field) {
        if (size != sizeof field) return kInvalid;
        std::memcpy(&field, value, size);
        return 0;
    };
    switch (which) {
        case 3: return take(op.transposeA);
        case 7: return take(op.epilogue);
        case 8: return take(op.bias);
        case 26: return take(op.biasType);
        default: return kInvalid;
    }
}
EXPORT int cublasLtMatrixLayoutCreate(void** m, int type, uint64_t rows, uint64_t columns, int64_t pitch) { *m = new Matrix{type, rows, columns, pitch}; return 0; }
EXPORT int cublasLtMatrixLayoutDestroy(void* m) { delete static_cast<Matrix*>(m); return 0; }
EXPORT int cublasLtMatmulPreferenceCreate(void** p) { *p = new Preference; return 0; }
EXPORT int cublasLtMatmulPreferenceDestroy(void* p) { delete static_cast<Preference*>(p); return 0; }
EXPORT int cublasLtMatmulPreferenceSetAttribute(void* p, int which, const void* value, size_t size) {
    if (which == 1) std::memcpy(&static_cast<Preference*>(p)->workspace, value, size);
    return which == 1 || (which >= 5 && which <= 8 && size == 4) ? 0 : kInvalid;
}
EXPORT int cublasLtMatmulAlgoCheck(void*, void* o, void* a, void* b, void* c, void* d, const Algorithm* algorithm, Heuristic* result) {
    const bool ok = algorithm->words[0] == 0x42 && algorithm->words[1] < 2 &&
                    supported(*static_cast<Operation*>(o), *static_cast<Matrix*>(a), *static_cast<Matrix*>(b), *static_cast<Matrix*>(c), *static_cast<Matrix*>(d));
    *result = {*algorithm, algorithm->words[1] * 1024, ok ? 0 : kUnsupported, 1, {}};
    return ok ? 0 : kUnsupported;
}
EXPORT int cublasLtMatmulAlgoGetHeuristic(void* h, void* o, void* a, void* b, void* c, void* d, void*, int wanted, Heuristic* results, int* found) {
    *found = 0;
    for (uint64_t i = 0; i < 2 && *found < wanted; ++i) {
        const Algorithm algorithm{{0x42, i}};
        if (cublasLtMatmulAlgoCheck(h, o, a, b, c, d, &algorithm, &results[*found]) == 0) ++*found;
    }
    return *found > 0 ? 0 : kUnsupported;
}
EXPORT int cublasLtMatmul(void*, void* o, const void* alpha, const void* a, void* A, const void* b, void* B, const void* beta, const void* c, void* C, void* d,
                          void* D, const Algorithm* algorithm, void* workspace, size_t bytes, void* stream) {
    if (bytes < algorithm->words[1] * 1024 || (bytes > 0 && !workspace)) return kInvalid;
    const Operation op = *static_cast<Operation*>(o);
    const Matrix ma = *static_cast<Matrix*>(A), mb = *static_cast<Matrix*>(B), mc = *static_cast<Matrix*>(C), md = *static_cast<Matrix*>(D);
    const float scalar = *static_cast<const float*>(alpha), factor = *static_cast<const float*>(beta);
    return onStream(stream, [=] {
        if (workspace) std::memset(workspace, 0x55, bytes);  // it may be written
        multiply(op, scalar, a, ma, b, mb, factor, c, mc, d, md);
    });
}
