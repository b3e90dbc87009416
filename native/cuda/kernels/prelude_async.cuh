#pragma once
// Asynchronous copies into shared memory: cp.async (sm_80), mbarriers and the bulk tensor copy engine (sm_90).
// Thin wrappers of PTX; addresses of shared memory are 32-bit, as `shared_address` gives them.
#include "prelude_launch.cuh"

__device__ __forceinline__ unsigned shared_address(const void* p) { return static_cast<unsigned>(__cvta_generic_to_shared(p)); }

/// Copies BYTES (4, 8 or 16) from global to shared memory; writes zeros instead where `valid` is false.
template <int BYTES>
__device__ __forceinline__ void copy_async(unsigned shared, const void* global, bool valid) {
    const int bytes = valid ? BYTES : 0;
    if constexpr (BYTES == 16) {
        asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(shared), "l"(global), "r"(bytes) : "memory");
    } else {
        asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(shared), "l"(global), "n"(BYTES), "r"(bytes) : "memory");
    }
}
__device__ __forceinline__ void copy_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int PENDING>
__device__ __forceinline__ void copy_wait() {
    asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
}

#if __CUDA_ARCH__ >= 900

__device__ __forceinline__ void barrier_init(unsigned barrier, int arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}
/// Makes initialized barriers visible to the copy engine.
__device__ __forceinline__ void barrier_init_fence() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }
__device__ __forceinline__ void barrier_expect(unsigned barrier, unsigned bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}
__device__ __forceinline__ void barrier_arrive(unsigned barrier) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}
/// Waits until the phase of this parity has completed.
__device__ __forceinline__ void barrier_wait(unsigned barrier, unsigned parity) {
    asm volatile(
        "{\n.reg .pred done;\n"
        "again:\n"
        "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
        "@done bra finished;\n"
        "bra again;\n"
        "finished:\n}\n" ::"r"(barrier), "r"(parity) : "memory");
}

/// Makes what this thread wrote to shared memory visible to the copy engine and to wgmma; a barrier among the threads follows.
__device__ __forceinline__ void shared_written() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

/// Opaque descriptor of a tensor for the copy engine (CUtensorMap).
struct alignas(64) TensorMap {
    unsigned long long words[16];
};
__device__ __forceinline__ void prefetch_map(const TensorMap& map) {
    asm volatile("prefetch.tensormap [%0];" ::"l"(reinterpret_cast<unsigned long long>(&map)) : "memory");
}
__device__ __forceinline__ void copy_tile_2d(unsigned shared, const TensorMap& map, unsigned barrier, int x, int y) {
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4}], [%2];" ::"r"(shared),
                 "l"(reinterpret_cast<unsigned long long>(&map)), "r"(barrier), "r"(x), "r"(y)
                 : "memory");
}
__device__ __forceinline__ void copy_tile_3d(unsigned shared, const TensorMap& map, unsigned barrier, int x, int y, int z) {
    asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5}], [%2];" ::"r"(shared),
                 "l"(reinterpret_cast<unsigned long long>(&map)), "r"(barrier), "r"(x), "r"(y), "r"(z)
                 : "memory");
}
/// Asks the second-level cache for what the copy of the same coordinates will read.
__device__ __forceinline__ void prefetch_tile_2d(const TensorMap& map, int x, int y) {
    asm volatile("cp.async.bulk.prefetch.tensor.2d.L2.global.tile [%0, {%1, %2}];" ::"l"(reinterpret_cast<unsigned long long>(&map)), "r"(x), "r"(y) : "memory");
}
__device__ __forceinline__ void prefetch_tile_3d(const TensorMap& map, int x, int y, int z) {
    asm volatile("cp.async.bulk.prefetch.tensor.3d.L2.global.tile [%0, {%1, %2, %3}];" ::"l"(reinterpret_cast<unsigned long long>(&map)), "r"(x), "r"(y), "r"(z)
                 : "memory");
}
/// Asks the second-level cache for `bytes` from an address on, both multiples of 16.
__device__ __forceinline__ void prefetch_bytes(const void* global, int bytes) {
    asm volatile("cp.async.bulk.prefetch.L2.global [%0], %1;" ::"l"(global), "r"(bytes) : "memory");
}
__device__ __forceinline__ void copy_tile_4d(unsigned shared, const TensorMap& map, unsigned barrier, int x, int y, int z, int t) {
    asm volatile("cp.async.bulk.tensor.4d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5, %6}], [%2];" ::"r"(shared),
                 "l"(reinterpret_cast<unsigned long long>(&map)), "r"(barrier), "r"(x), "r"(y), "r"(z), "r"(t)
                 : "memory");
}
/// Columns of an NHWC image as a convolution reads them: consecutive output pixels from (w, h, n) on, shifted by the filter
/// offset (dx, dy); the map holds the bounding box and the strides.
__device__ __forceinline__ void copy_im2col(unsigned shared, const TensorMap& map, unsigned barrier, int c, int w, int h, int n, int dx, int dy) {
    asm volatile(
        "cp.async.bulk.tensor.4d.shared::cluster.global.im2col.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5, %6}], [%2], {%7, %8};" ::"r"(shared),
        "l"(reinterpret_cast<unsigned long long>(&map)), "r"(barrier), "r"(c), "r"(w), "r"(h), "r"(n), "h"(static_cast<unsigned short>(dx)),
        "h"(static_cast<unsigned short>(dy))
        : "memory");
}
/// Cluster barrier in two halves; shared memory of the other blocks may be written once all have arrived.
__device__ __forceinline__ void cluster_arrive() { asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory"); }
__device__ __forceinline__ void cluster_wait() { asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory"); }
__device__ __forceinline__ unsigned cluster_rank() {
    unsigned rank;
    asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return rank;
}
/// Address of the same shared memory location in another block of the cluster.
__device__ __forceinline__ unsigned cluster_address(unsigned shared, unsigned rank) {
    unsigned address;
    asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(address) : "r"(shared), "r"(rank));
    return address;
}
__device__ __forceinline__ void store_cluster(unsigned address, float first, float second) {
    asm volatile("st.shared::cluster.v2.f32 [%0], {%1, %2};" ::"r"(address), "f"(first), "f"(second) : "memory");
}
__device__ __forceinline__ void store_cluster(unsigned address, int first, int second) {
    asm volatile("st.shared::cluster.v2.s32 [%0], {%1, %2};" ::"r"(address), "r"(first), "r"(second) : "memory");
}

#endif
