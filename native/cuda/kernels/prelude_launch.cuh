#pragma once
// Programmatic dependent launch (sm_90): a kernel may start while the one before it drains. Nothing on older cards.

#if __CUDA_ARCH__ >= 900

/// Returns once the grids that this one depends on are complete and their writes visible. Does nothing in plain launches.
__device__ __forceinline__ void wait_for_producers() { asm volatile("griddepcontrol.wait;" ::: "memory"); }
/// Lets the next grid of the stream start where it was launched as a dependent one.
__device__ __forceinline__ void start_dependents() { asm volatile("griddepcontrol.launch_dependents;" ::: "memory"); }

#else

__device__ __forceinline__ void wait_for_producers() {}
__device__ __forceinline__ void start_dependents() {}

#endif

/// For kernels with nothing to do before their operands are there: lets the next grid start, then waits for those before.
__device__ __forceinline__ void follow_producers() {
    start_dependents();
    wait_for_producers();
}
