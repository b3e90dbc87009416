// DetectionOutput: `decode` turns offsets into boxes, `suppress` keeps the best of each image and class (a block each), `collect`
// writes an image's rows. CLASSES, BOXES, LABELS (sets of offsets: 1 or CLASSES), BACKGROUND, CODE (0 corner, 1 centre and size,
// 2 corner and size), ENCODED, CONSIDERED (candidates of a class), SORTED and COLLECTED (powers of two that hold all boxes, and
// all that an image may keep), ROWS of an image.
#include "loop.cuh"
#include "sort_pairs.cuh"

#define THREADS 512

struct Box { float x0, y0, x1, y1; };
struct Detection {
    const float *offsets, *scores, *priors;
    View y;            ///< strides: row, column
    Box* boxes;        ///< [images, BOXES, LABELS]
    uint32_t* keys;    ///< [images · CLASSES, SORTED]
    int* places;
    int* kept;         ///< [images · CLASSES, CONSIDERED]
    int* counts;       ///< [images · CLASSES]
    uint32_t* best;    ///< [images, COLLECTED]
    int* order;
    unsigned char* chosen;  ///< [images, COLLECTED]
    int images;
    float threshold, eta, confidence;
};

SINTER_DEVICE float area(const Box& b) { return b.x1 < b.x0 || b.y1 < b.y0 ? 0.0f : (b.x1 - b.x0) * (b.y1 - b.y0); }
SINTER_DEVICE float overlap(const Box& a, const Box& b) {
    if (b.x0 > a.x1 || b.x1 < a.x0 || b.y0 > a.y1 || b.y1 < a.y0) return 0.0f;
    const float shared = (fminf(a.x1, b.x1) - fmaxf(a.x0, b.x0)) * (fminf(a.y1, b.y1) - fmaxf(a.y0, b.y0));
    return shared / (area(a) + area(b) - shared);
}
SINTER_DEVICE const Box& box_of(const Detection& d, int image, int label, int box) { return d.boxes[(static_cast<int64_t>(image) * BOXES + box) * LABELS + (LABELS == 1 ? 0 : label)]; }

extern "C" __global__ void __launch_bounds__(256) decode(const Detection d) {
    follow_producers();
    SINTER_FOR_ITEMS(item, d.images * BOXES * LABELS) {
        const int p = item / LABELS % BOXES;
        const float *prior = d.priors + p * 4, *variance = d.priors + (BOXES + p) * 4, *t = d.offsets + static_cast<int64_t>(item) * 4;
        float v[4];
#pragma unroll
        for (int i = 0; i < 4; ++i) v[i] = ENCODED ? t[i] : variance[i] * t[i];
        const float w = prior[2] - prior[0], h = prior[3] - prior[1];
        Box b;
        if (CODE == 0) b = {prior[0] + v[0], prior[1] + v[1], prior[2] + v[2], prior[3] + v[3]};
        else if (CODE == 2) b = {prior[0] + v[0] * w, prior[1] + v[1] * h, prior[2] + v[2] * w, prior[3] + v[3] * h};
        else {
            const float cx = v[0] * w + (prior[0] + prior[2]) / 2, cy = v[1] * h + (prior[1] + prior[3]) / 2, bw = expf(v[2]) * w, bh = expf(v[3]) * h;
            b = {cx - bw / 2, cy - bh / 2, cx + bw / 2, cy + bh / 2};
        }
        d.boxes[item] = b;
    }
}

extern "C" __global__ void __launch_bounds__(THREADS) suppress(const Detection d) {
    follow_producers();
    __shared__ int found, taken;
    const int image = blockIdx.x / CLASSES, label = blockIdx.x % CLASSES;
    if (threadIdx.x == 0) found = 0;
    if (label == BACKGROUND) {
        if (threadIdx.x == 0) d.counts[blockIdx.x] = 0;
        return;
    }
    __syncthreads();
    const Pairs<uint32_t> pairs{d.keys + static_cast<int64_t>(blockIdx.x) * SORTED, d.places + static_cast<int64_t>(blockIdx.x) * SORTED};
    for (int p = threadIdx.x; p < SORTED; p += THREADS) {
        const float score = p < BOXES ? d.scores[(static_cast<int64_t>(image) * BOXES + p) * CLASSES + label] : 0.0f;
        const bool candidate = p < BOXES && score > d.confidence;
        pairs.keys[p] = candidate ? ~ordered_bits(score) : 0xffffffffu;
        pairs.places[p] = p;
        if (candidate) atomicAdd(&found, 1);
    }
    pairs.sort(SORTED);
    const int candidates = found < CONSIDERED ? found : CONSIDERED;
    int* kept = d.kept + static_cast<int64_t>(blockIdx.x) * CONSIDERED;
    float threshold = d.threshold;
    int count = 0;
    for (int c = 0; c < candidates; ++c) {
        if (threadIdx.x == 0) taken = 1;
        __syncthreads();
        const Box& box = box_of(d, image, label, pairs.places[c]);
        for (int k = threadIdx.x; k < count; k += THREADS) {
            if (!(overlap(box, box_of(d, image, label, kept[k])) <= threshold)) taken = 0;
        }
        __syncthreads();
        const bool apart = taken != 0;
        if (apart) {
            if (threadIdx.x == 0) kept[count] = pairs.places[c];
            ++count;
            if (d.eta < 1.0f && threshold > 0.5f) threshold *= d.eta;
        }
        __syncthreads();
    }
    if (threadIdx.x == 0) d.counts[blockIdx.x] = count;
}

/// The class of an image's kept box number n, which becomes its number within the class.
SINTER_DEVICE int class_of(const int* counts, int& n) {
    int label = 0;
    while (label < CLASSES - 1 && n >= counts[label]) n -= counts[label++];
    return label;
}

extern "C" __global__ void __launch_bounds__(THREADS) collect(const Detection d) {
    follow_producers();
    __shared__ int warps[THREADS / 32];
    const int image = blockIdx.x, lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    const int* counts = d.counts + image * CLASSES;
    const int* kept = d.kept + static_cast<int64_t>(image) * CLASSES * CONSIDERED;
    int total = 0;
    for (int c = 0; c < CLASSES; ++c) total += counts[c];
    const auto score_of = [&](int label, int box) { return d.scores[(static_cast<int64_t>(image) * BOXES + box) * CLASSES + label]; };
    unsigned char* chosen = d.chosen + static_cast<int64_t>(image) * COLLECTED;
    for (int n = threadIdx.x; n < COLLECTED; n += THREADS) chosen[n] = n < total && total <= ROWS;
    __syncthreads();
    if (total > ROWS) {  // the best rows, in the order of classes
        const Pairs<uint32_t> pairs{d.best + static_cast<int64_t>(image) * COLLECTED, d.order + static_cast<int64_t>(image) * COLLECTED};
        for (int n = threadIdx.x; n < COLLECTED; n += THREADS) {
            int own = n;
            const int label = n < total ? class_of(counts, own) : 0;
            pairs.keys[n] = n < total ? ~ordered_bits(score_of(label, kept[label * CONSIDERED + own])) : 0xffffffffu;
            pairs.places[n] = n;
        }
        pairs.sort(COLLECTED);
        for (int n = threadIdx.x; n < ROWS && n < COLLECTED; n += THREADS) chosen[pairs.places[n]] = 1;
        __syncthreads();
    }
    float* y = address<float>(d.y) + static_cast<int64_t>(image) * ROWS * d.y.strides[0];
    int written = 0;
    for (int first = 0; first < COLLECTED; first += THREADS) {
        const int n = first + threadIdx.x;
        const bool mine = n < COLLECTED && n < total && chosen[n] != 0;
        const unsigned vote = __ballot_sync(kFullWarp, mine);
        if (lane == 0) warps[warp] = __popc(vote);
        __syncthreads();
        int row = written + __popc(vote & ((1u << lane) - 1));
        for (int w = 0; w < THREADS / 32; ++w) {
            if (w < warp) row += warps[w];
            written += warps[w];
        }
        if (mine) {
            int own = n;
            const int label = class_of(counts, own), box = kept[label * CONSIDERED + own];
            const Box& b = box_of(d, image, label, box);
            const float values[7] = {static_cast<float>(image), static_cast<float>(label), score_of(label, box), b.x0, b.y0, b.x1, b.y1};
#pragma unroll
            for (int i = 0; i < 7; ++i) y[row * d.y.strides[0] + i * d.y.strides[1]] = values[i];
        }
        __syncthreads();
    }
    for (int i = written * 7 + threadIdx.x; i < ROWS * 7; i += THREADS) y[i / 7 * d.y.strides[0] + i % 7 * d.y.strides[1]] = -1.0f;
}
