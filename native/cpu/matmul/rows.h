#pragma once
#include <array>
#include <cstdint>

namespace sinter::gemm {

/// Rows of a matrix that lie wherever their strides put them: row r is a mixed-radix number over `dims`.
struct RowMap {
    static constexpr int kMax = 8;
    int rank = 0;
    std::array<int64_t, kMax> dims{};
    std::array<int64_t, kMax> strides{};

    /// Appends an inner axis, joined to the last one where the two are evenly spaced.
    void push(int64_t dim, int64_t stride) {
        if (dim == 1) return;
        if (rank > 0 && strides[rank - 1] == dim * stride) {
            dims[rank - 1] *= dim;
            strides[rank - 1] = stride;
            return;
        }
        dims[rank] = dim;
        strides[rank] = stride;
        ++rank;
    }

    /// Offsets of rows first … first + count - 1.
    void offsets(int64_t first, int count, int64_t* out) const {
        if (rank <= 1) {
            const int64_t step = rank == 0 ? 0 : strides[0];
            for (int i = 0; i < count; ++i) out[i] = (first + i) * step;
            return;
        }
        std::array<int64_t, kMax> at{};
        int64_t rest = first;
        int64_t offset = 0;
        for (int a = rank - 1; a >= 0; --a) {
            at[a] = rest % dims[a];
            rest /= dims[a];
            offset += at[a] * strides[a];
        }
        for (int i = 0; i < count; ++i) {
            out[i] = offset;
            for (int a = rank - 1; a >= 0; --a) {
                offset += strides[a];
                if (++at[a] < dims[a]) break;
                offset -= at[a] * strides[a];
                at[a] = 0;
            }
        }
    }
};

}  // namespace sinter::gemm
