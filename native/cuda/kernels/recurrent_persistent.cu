// LSTM, GRU and RNN in one launch: every block keeps the recurrent weights of UNITS hidden units in registers for all time
// steps and computes these units for BATCH rows of the batch. New states travel to the other blocks through memory as
// 64-bit words of value and step, which readers poll: there is no other synchronization between blocks, so all of them
// must be resident. A warp computes its gate rows for all of the block's batch rows, its lanes divide the reduction.
#include "recurrent_cell.cuh"

#define THREADS 256
#define WARPS 8
#define PADDED ((HIDDEN + 127) / 128 * 128)   // a lane reads four neighbours at a time
#define PIECES (PADDED / 128)
#define UNIT_BLOCKS ((HIDDEN + UNITS - 1) / UNITS)
#define PAIRS (UNITS * BATCH)
#define OWN ((PAIRS + THREADS - 1) / THREADS)

SINTER_DEVICE void publish(uint64_t* to, float value, unsigned step) {
    const uint64_t word = static_cast<uint64_t>(step) << 32 | __float_as_uint(value);
    asm volatile("st.relaxed.gpu.global.u64 [%0], %1;" ::"l"(to), "l"(word) : "memory");
}
SINTER_DEVICE uint64_t peek(const uint64_t* from) {
    uint64_t word;
    asm volatile("ld.relaxed.gpu.global.u64 %0, [%1];" : "=l"(word) : "l"(from) : "memory");
    return word;
}

/// The first `count` words of a published state into shared memory, once all of them are of this step.
SINTER_DEVICE void receive(const uint64_t* from, int count, unsigned step, float (&state)[BATCH][PADDED]) {
    constexpr int kEach = 8;
    for (int first = threadIdx.x; first < count; first += THREADS * kEach) {
        uint64_t word[kEach];
        bool ready;
        do {
            ready = true;
#pragma unroll
            for (int i = 0; i < kEach; ++i) {
                const int at = first + i * THREADS;
                word[i] = at < count ? peek(from + at) : static_cast<uint64_t>(step) << 32;
            }
#pragma unroll
            for (int i = 0; i < kEach; ++i) ready = ready && static_cast<unsigned>(word[i] >> 32) == step;
        } while (!ready);
#pragma unroll
        for (int i = 0; i < kEach; ++i) {
            const int at = first + i * THREADS;
            if (at < count) state[at / HIDDEN][at % HIDDEN] = __uint_as_float(static_cast<unsigned>(word[i]));
        }
    }
}

template <int N> struct Halves { static constexpr int value = N > 1 ? N / 2 : 1; };
/// Sums each of v over the warp. Lane l ends up with those whose place its upper bits name; returns the first one's place.
template <int N, int HALF> SINTER_DEVICE void reduce_lanes(float* v, int lane, int& place) {
    if constexpr (HALF > 0) {
        if constexpr (N > 1) {
            const bool upper = (lane & HALF) != 0;
#pragma unroll
            for (int i = 0; i < N / 2; ++i) {
                const float sent = upper ? v[i] : v[i + N / 2], kept = upper ? v[i + N / 2] : v[i];
                v[i] = kept + shuffle_xor(sent, HALF);
            }
            if (upper) place += N / 2;
        } else {
            v[0] += shuffle_xor(v[0], HALF);
        }
        reduce_lanes<Halves<N>::value, HALF / 2>(v, lane, place);
    }
}
constexpr int power_of_two(int n) { int p = 1; while (p < n) p *= 2; return p; }

/// Rows of R that a warp holds: R[row][k], zero beyond the layer's.
template <int ROWS> struct Held {
    /// Batch rows whose sums a thread holds at once.
    static constexpr int pass() {
        int n = BATCH < 8 ? BATCH : 8;
        while (n > 1 && n * ROWS > 64) n = (n + 1) / 2;
        return n;
    }
    static constexpr int kPass = pass();
    float w[ROWS][PIECES * 4];

    /// Row i of warp `warp` is block row warp · ROWS + i; block row r is gate first + r / UNITS of unit r % UNITS.
    SINTER_DEVICE void load(const Sequence& s, int d, int unit0, int first, int warp, int lane) {
#pragma unroll
        for (int i = 0; i < ROWS; ++i) {
            const int r = warp * ROWS + i, gate = first + r / UNITS, unit = unit0 + r % UNITS;
            const W_T* row = s.r + (static_cast<int64_t>(d) * GATES * HIDDEN + gate * HIDDEN + unit) * HIDDEN;
#pragma unroll
            for (int p = 0; p < PIECES; ++p)
#pragma unroll
                for (int j = 0; j < 4; ++j) {
                    const int k = p * 128 + lane * 4 + j;
                    w[i][p * 4 + j] = unit < HIDDEN && k < HIDDEN ? convert<float>(row[k]) : 0.0f;
                }
        }
    }
    /// sums[row][b] = R · state, for all rows of the block together.
    SINTER_DEVICE void multiply(const float (&state)[BATCH][PADDED], float (*sums)[BATCH + 1], int warp, int lane) const {
        constexpr int kSums = ROWS * kPass, kPlaces = power_of_two(kSums), kLeft = kPlaces > 32 ? kPlaces / 32 : 1;
#pragma unroll 1
        for (int b0 = 0; b0 < BATCH; b0 += kPass) {
            float v[kPlaces];
#pragma unroll
            for (int i = 0; i < kPlaces; ++i) v[i] = 0;
#pragma unroll
            for (int p = 0; p < PIECES; ++p)
#pragma unroll
                for (int b = 0; b < kPass; ++b) {
                    float h[4];
                    load_vec<4>(&state[b0 + b < BATCH ? b0 + b : 0][p * 128 + lane * 4], h);
#pragma unroll
                    for (int i = 0; i < ROWS; ++i)
#pragma unroll
                        for (int j = 0; j < 4; ++j) v[i * kPass + b] = fmaf(w[i][p * 4 + j], h[j], v[i * kPass + b]);
                }
            int place = 0;
            reduce_lanes<kPlaces, 16>(v, lane, place);
            if (kPlaces < 32 && (lane & (32 / kPlaces - 1)) != 0) continue;
#pragma unroll
            for (int i = 0; i < kLeft; ++i) {
                const int at = place + i;
                if (at < kSums && b0 + at % kPass < BATCH) sums[warp * ROWS + at / kPass][b0 + at % kPass] = v[i];
            }
        }
    }
};

extern "C" __global__ void __launch_bounds__(THREADS, 1) recurrent_persistent(const Sequence s, uint64_t* const exchange) {
    extern __shared__ __align__(16) unsigned char dynamic[];
    auto& state = *reinterpret_cast<float(*)[BATCH][PADDED]>(dynamic);
    auto sums = reinterpret_cast<float(*)[BATCH + 1]>(dynamic + sizeof(float) * BATCH * PADDED);
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    const int groups = (s.batch + BATCH - 1) / BATCH;
    const int unit0 = blockIdx.x % UNIT_BLOCKS * UNITS, group = blockIdx.x / UNIT_BLOCKS % groups, d = blockIdx.x / UNIT_BLOCKS / groups;
    const int count = (s.batch - group * BATCH < BATCH ? s.batch - group * BATCH : BATCH) * HIDDEN;
    const int64_t words = static_cast<int64_t>(DIRECTIONS) * groups * BATCH * HIDDEN;
    uint64_t* const mine = exchange + static_cast<int64_t>(d * groups + group) * BATCH * HIDDEN;

    constexpr int kFirstRows = (kLate ? GATES - 1 : GATES) * UNITS / WARPS, kLateRows = UNITS / WARPS > 0 ? UNITS / WARPS : 1;
    Held<kFirstRows> held;
    held.load(s, d, unit0, 0, warp, lane);
    Held<kLateRows> late;
    if constexpr (kLate) late.load(s, d, unit0, GATES - 1, warp, lane);

    // A thread owns units of batch rows for good: their cell and hidden states stay in registers.
    UnitConstants constants[OWN];
    acc_t h[OWN], c[OWN];
    int unit[OWN], b[OWN], length[OWN];
#pragma unroll
    for (int i = 0; i < OWN; ++i) {
        const int pair = threadIdx.x + i * THREADS;
        unit[i] = unit0 + pair % UNITS;
        b[i] = group * BATCH + pair / UNITS;
        length[i] = -1;
        h[i] = c[i] = 0;
        if (pair < PAIRS && unit[i] < HIDDEN && b[i] < s.batch) {
            length[i] = length_of(s, b[i]);
            constants[i].load(s, d, unit[i]);
            h[i] = state_at<H0_T>(s.h0, d, b[i], unit[i]);
            c[i] = state_at<C0_T>(s.c0, d, b[i], unit[i]);
        }
    }
    for (int at = threadIdx.x; at < BATCH * PADDED; at += THREADS) {
        const int k = at % PADDED, row = group * BATCH + at / PADDED;
        state[at / PADDED][k] = k < HIDDEN && row < s.batch ? state_at<H0_T>(s.h0, d, row, k) : 0.0f;
    }

    for (int k = 0; k < s.steps; ++k) {
        acc_t x[OWN][GATES];
        int t[OWN];
#pragma unroll
        for (int i = 0; i < OWN; ++i) {
            if (length[i] < 0) continue;
            t[i] = time_of(d, k, length[i]);
            const acc_t* p = s.projected + projected_row(s, t[i], b[i]) * (DIRECTIONS * GATES * HIDDEN) + d * GATES * HIDDEN + unit[i];
#pragma unroll
            for (int g = 0; g < GATES; ++g) x[i][g] = p[g * HIDDEN];
        }
        const int turn = kLate ? 2 * k : k;
        if (k > 0) receive(mine + (turn & 1) * words, count, turn, state);
        __syncthreads();
        held.multiply(state, sums, warp, lane);
        __syncthreads();
        if constexpr (kLate) {
            acc_t z[OWN];
#pragma unroll
            for (int i = 0; i < OWN; ++i) {
                if (length[i] < 0) continue;
                const int u = unit[i] - unit0, row = b[i] - group * BATCH;
                z[i] = late_gate(d, constants[i], 0, x[i][0], sums[u][row]);
                const acc_t r = late_gate(d, constants[i], 1, x[i][1], sums[UNITS + u][row]);
                publish(mine + ((turn + 1) & 1) * words + row * HIDDEN + unit[i], r * h[i], turn + 1);
            }
            receive(mine + ((turn + 1) & 1) * words, count, turn + 1, state);
            __syncthreads();
            late.multiply(state, sums, warp, lane);
            __syncthreads();
#pragma unroll
            for (int i = 0; i < OWN; ++i) {
                if (length[i] < 0) continue;
                const int u = unit[i] - unit0, row = b[i] - group * BATCH;
                if (k < length[i]) h[i] = late_state(d, constants[i], z[i], x[i][GATES - 1], sums[u][row], h[i]);
            }
        } else {
#pragma unroll
            for (int i = 0; i < OWN; ++i) {
                if (length[i] < 0 || k >= length[i]) continue;
                const int u = unit[i] - unit0, row = b[i] - group * BATCH;
                acc_t r[GATES];
#pragma unroll
                for (int g = 0; g < GATES; ++g) r[g] = sums[g * UNITS + u][row];
                update_unit(d, constants[i], x[i], r, h[i], c[i]);
            }
        }
        const int next = kLate ? 2 * k + 2 : k + 1;
#pragma unroll
        for (int i = 0; i < OWN; ++i) {
            if (length[i] < 0) continue;
            if (k + 1 < s.steps) publish(mine + (next & 1) * words + (b[i] - group * BATCH) * HIDDEN + unit[i], h[i], next);
            put_output(s, t[i], d, b[i], unit[i], k < length[i] ? h[i] : acc_t(0));
        }
    }
#pragma unroll
    for (int i = 0; i < OWN; ++i) {
        if (length[i] < 0) continue;
        put_state(s.y_h, d, b[i], unit[i], h[i]);
        put_state(s.y_c, d, b[i], unit[i], c[i]);
    }
}
