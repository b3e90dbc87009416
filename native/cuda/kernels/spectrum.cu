// DFT and STFT: a block transforms one line that lies in shared memory, by radix-2 steps where its length is a power of two and
// by the definition elsewhere. X_T, WINDOW_T, ACC, LENGTH_T, AXIS_T, STEP_T; STFT; INVERSE, ONESIDED; CAPACITY (longest line).
#include "fault.cuh"
#include "ops.cuh"
#include "loop.cuh"

#define THREADS 256

struct Complex { ACC re, im; };
SINTER_DEVICE Complex operator+(Complex a, Complex b) { return {a.re + b.re, a.im + b.im}; }
SINTER_DEVICE Complex operator-(Complex a, Complex b) { return {a.re - b.re, a.im - b.im}; }
SINTER_DEVICE Complex operator*(Complex a, Complex b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }

struct Spectrum {
    View x, y, window;
    int x_dims[8], y_dims[8];
    int rank;
    const LENGTH_T* length;  ///< null = not given
    const AXIS_T* axis;      ///< DFT
    const STEP_T* step;      ///< STFT
    int window_length;
};

SINTER_DEVICE void sincospi_of(float x, float& s, float& c) { sincospif(x, &s, &c); }
SINTER_DEVICE void sincospi_of(double x, double& s, double& c) { sincospi(x, &s, &c); }
/// e^(∓2πi k / n)
SINTER_DEVICE Complex root(int k, int n) {
    Complex r;
    sincospi_of(ACC(2) * ACC(k) / ACC(n), r.im, r.re);
    if (!INVERSE) r.im = -r.im;
    return r;
}

/// The transform of line[0, n) in place; other[0, n) is scratch.
SINTER_DEVICE void transform(Complex* line, Complex* other, int n) {
    if ((n & (n - 1)) == 0) {
        Complex *from = line, *to = other;
        // Stockham's order: stage by stage, halves are interleaved as they are written.
        for (int half = n / 2, run = 1; half >= 1; half /= 2, run *= 2) {
            for (int i = threadIdx.x; i < n / 2; i += THREADS) {
                const int p = i / run, q = i - p * run;
                const Complex a = from[q + run * p], b = from[q + run * (p + half)];
                to[q + run * 2 * p] = a + b;
                to[q + run * (2 * p + 1)] = (a - b) * root(p, 2 * half);
            }
            __syncthreads();
            Complex* const swapped = from;
            from = to;
            to = swapped;
        }
        if (from == line) return;
        for (int i = threadIdx.x; i < n; i += THREADS) line[i] = from[i];
        __syncthreads();
        return;
    }
    // other: the roots of unity
    for (int i = threadIdx.x; i < n; i += THREADS) other[i] = root(i, n);
    __syncthreads();
    constexpr int kMost = (CAPACITY + THREADS - 1) / THREADS;
    Complex sum[kMost];
#pragma unroll
    for (int j = 0; j < kMost; ++j) {
        const int k = threadIdx.x + j * THREADS;
        sum[j] = {ACC(0), ACC(0)};
        if (k >= n) continue;
        int turn = 0;
        for (int i = 0; i < n; ++i) {
            sum[j] = sum[j] + line[i] * other[turn];
            turn += k;
            turn = turn >= n ? turn - n : turn;
        }
    }
    __syncthreads();
#pragma unroll
    for (int j = 0; j < kMost; ++j) {
        const int k = threadIdx.x + j * THREADS;
        if (k < n) line[k] = sum[j];
    }
    __syncthreads();
}

extern "C" __global__ void __launch_bounds__(THREADS) spectrum(const Spectrum s, const Fault fault) {
    SINTER_DYNAMIC_SHARED(dynamic);
    Complex* const line = reinterpret_cast<Complex*>(dynamic);
    Complex* const other = line + CAPACITY;
#if STFT
    const int frames = s.y_dims[1], bins = s.y_dims[2], total = s.x_dims[1];
    const int64_t step = static_cast<int64_t>(*s.step);
    const int n = s.length ? static_cast<int>(*s.length) : s.window_length;
    if (step < 1 || n < 1 || n > CAPACITY || (s.window.data && n != s.window_length)) {
        report_fault(fault, n, CAPACITY);
        return;
    }
    for (int l = blockIdx.x; l < s.y_dims[0] * frames; l += gridDim.x) {
        const X_T* x = address<const X_T>(s.x) + l / frames * s.x.strides[0];
        for (int i = threadIdx.x; i < n; i += THREADS) {
            const int64_t at = l % frames * step + i;
            Complex v = {ACC(0), ACC(0)};
            if (at < total) {
                v.re = convert<ACC>(x[at * s.x.strides[1]]);
                if (s.rank == 3 && s.x_dims[2] == 2) v.im = convert<ACC>(x[at * s.x.strides[1] + s.x.strides[2]]);
                if (s.window.data) {
                    const ACC w = convert<ACC>(address<const WINDOW_T>(s.window)[i * s.window.strides[0]]);
                    v.re *= w;
                    v.im *= w;
                }
            }
            line[i] = v;
        }
        __syncthreads();
        transform(line, other, n);
        X_T* y = address<X_T>(s.y) + l / frames * s.y.strides[0] + l % frames * s.y.strides[1];
        for (int i = threadIdx.x; i < bins; i += THREADS) {
            y[i * s.y.strides[2]] = convert<X_T>(i < n ? line[i].re : ACC(0));
            y[i * s.y.strides[2] + s.y.strides[3]] = convert<X_T>(i < n ? line[i].im : ACC(0));
        }
        __syncthreads();
    }
#else
    int64_t given = s.axis ? static_cast<int64_t>(*s.axis) : -2;
    if (given < 0) given += s.rank;
    if (given < 0 || given >= s.rank - 1) {
        report_fault(fault, given, s.rank);
        return;
    }
    const int axis = static_cast<int>(given);
    int lines = 1, stored = 0, held = 0;
    int64_t x_step = 0, y_step = 0;
#pragma unroll
    for (int a = 0; a < 8; ++a) {
        if (a >= s.rank - 1) continue;
        if (a == axis) {
            held = s.x_dims[a];
            stored = s.y_dims[a];
            x_step = s.x.strides[a];
            y_step = s.y.strides[a];
        } else {
            lines *= s.x_dims[a];
        }
    }
    const int parts = s.x_dims[s.rank - 1], results = s.y_dims[s.rank - 1];
    const int n = s.length ? static_cast<int>(*s.length) : ONESIDED && INVERSE ? 2 * (held - 1) : held;
    if (n < 0 || n > CAPACITY) {
        report_fault(fault, n, CAPACITY);
        return;
    }
    for (int l = blockIdx.x; l < lines; l += gridDim.x) {
        int64_t from = 0, to = 0;
        int rest = l;
#pragma unroll
        for (int a = 7; a >= 0; --a) {
            if (a >= s.rank - 1 || a == axis) continue;
            const int c = rest % s.x_dims[a];
            rest /= s.x_dims[a];
            from += c * s.x.strides[a];
            to += c * s.y.strides[a];
        }
        const X_T* x = address<const X_T>(s.x) + from;
        for (int i = threadIdx.x; i < n; i += THREADS) {
            // A one-sided spectrum is the half of a symmetric one.
            const bool mirrored = ONESIDED && INVERSE && i > n / 2;
            const int at = mirrored ? n - i : i;
            Complex v = {ACC(0), ACC(0)};
            if (at < held) {
                v.re = convert<ACC>(x[at * x_step]);
                if (parts == 2) v.im = convert<ACC>(x[at * x_step + s.x.strides[s.rank - 1]]);
            }
            if (mirrored) v.im = -v.im;
            line[i] = v;
        }
        __syncthreads();
        if (n > 0) transform(line, other, n);
        X_T* y = address<X_T>(s.y) + to;
        const ACC scale = INVERSE ? ACC(1) / ACC(n) : ACC(1);
        for (int i = threadIdx.x; i < stored; i += THREADS) {
            y[i * y_step] = convert<X_T>(i < n ? line[i].re * scale : ACC(0));
            if (results == 2) y[i * y_step + s.y.strides[s.rank - 1]] = convert<X_T>(i < n ? line[i].im * scale : ACC(0));
        }
        __syncthreads();
    }
#endif
}
