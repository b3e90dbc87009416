#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

// The part of NVIDIA's driver and run-time compiler interfaces that the runtime uses, declared here so that no CUDA
// header is needed to compile. Both libraries are opened when first asked for; without them only their devices are missing.
namespace sinter::cuda {

using CuResult = int;
constexpr CuResult kOutOfMemory = 2;
using CuDevice = int;
using CuContext = void*;
using CuStream = void*;
using CuEvent = void*;
using CuModule = void*;
using CuFunction = void*;
using CuGraph = void*;
using CuGraphExec = void*;
using CuAddress = unsigned long long;

/// CUlaunchAttribute, as far as it is used: cooperative launch, cluster size, programmatic stream serialization.
struct CuLaunchAttribute {
    int id;
    char pad[8 - sizeof(int)];
    union {
        char bytes[64];
        struct {
            unsigned x, y, z;
        } cluster;
        int programmatic;
        int cooperative;
    } value;
};
struct CuLaunchConfig {
    unsigned gridX, gridY, gridZ, blockX, blockY, blockZ, sharedBytes;
    CuStream stream;
    CuLaunchAttribute* attributes;
    unsigned attributeCount;
};

namespace attribute {
constexpr int kMultiprocessors = 16, kClockKhz = 13, kMemoryClockKhz = 36, kBusWidth = 37, kL2Bytes = 38, kMajor = 75, kMinor = 76,
              kSharedPerMultiprocessor = 81, kThreadsPerMultiprocessor = 39, kRegistersPerMultiprocessor = 82, kSharedPerBlockOptIn = 97,
              kConcurrentManagedAccess = 89;
constexpr int kFunctionShared = 1, kFunctionLocal = 3, kFunctionRegisters = 4, kFunctionDynamicShared = 8;
constexpr int kLaunchCooperative = 2, kLaunchCluster = 4, kLaunchProgrammatic = 6;
}  // namespace attribute

/// Entry points of libcuda.
struct Driver {
    CuResult (*init)(unsigned);
    CuResult (*driverVersion)(int*);
    CuResult (*deviceCount)(int*);
    CuResult (*device)(CuDevice*, int);
    CuResult (*deviceName)(char*, int, CuDevice);
    CuResult (*deviceAttribute)(int*, int, CuDevice);
    CuResult (*deviceMemory)(size_t*, CuDevice);
    CuResult (*retainContext)(CuContext*, CuDevice);
    CuResult (*resetContext)(CuDevice);
    CuResult (*setContext)(CuContext);
    CuResult (*memoryInfo)(size_t*, size_t*);
    CuResult (*allocate)(CuAddress*, size_t);
    CuResult (*allocateManaged)(CuAddress*, size_t, unsigned);
    CuResult (*free)(CuAddress);
    CuResult (*allocateHost)(void**, size_t, unsigned);
    CuResult (*freeHost)(void*);
    CuResult (*copyIn)(CuAddress, const void*, size_t, CuStream);
    CuResult (*copyWithin)(CuAddress, CuAddress, size_t, CuStream);
    CuResult (*copyOut)(void*, CuAddress, size_t, CuStream);
    CuResult (*fill)(CuAddress, unsigned char, size_t, CuStream);
    CuResult (*createStream)(CuStream*, unsigned);
    CuResult (*destroyStream)(CuStream);
    CuResult (*synchronizeStream)(CuStream);
    CuResult (*waitEvent)(CuStream, CuEvent, unsigned);
    CuResult (*createEvent)(CuEvent*, unsigned);
    CuResult (*destroyEvent)(CuEvent);
    CuResult (*recordEvent)(CuEvent, CuStream);
    CuResult (*synchronizeEvent)(CuEvent);
    CuResult (*elapsed)(float*, CuEvent, CuEvent);
    CuResult (*loadModule)(CuModule*, const void*);
    CuResult (*unloadModule)(CuModule);
    CuResult (*function)(CuFunction*, CuModule, const char*);
    CuResult (*setFunctionAttribute)(CuFunction, int, int);
    CuResult (*functionAttribute)(int*, int, CuFunction);
    CuResult (*occupancy)(int*, CuFunction, int, size_t);
    /// How many parameters a kernel has, offset and size of one. Null where the driver does not tell.
    CuResult (*parameterCount)(CuFunction, size_t*);
    CuResult (*parameterInfo)(CuFunction, size_t, size_t*, size_t*);
    CuResult (*launch)(const CuLaunchConfig*, CuFunction, void**, void**);
    CuResult (*beginCapture)(CuStream, int);
    CuResult (*endCapture)(CuStream, CuGraph*);
    CuResult (*instantiate)(CuGraphExec*, CuGraph, unsigned long long);
    CuResult (*launchGraph)(CuGraphExec, CuStream);
    CuResult (*destroyGraph)(CuGraph);
    CuResult (*destroyGraphExec)(CuGraphExec);
    CuResult (*encodeTiled)(void*, int, unsigned, void*, const uint64_t*, const uint64_t*, const uint32_t*, const uint32_t*, int, int, int, int);
    CuResult (*encodeIm2col)(void*, int, unsigned, void*, const uint64_t*, const uint64_t*, const int*, const int*, unsigned, unsigned,
                             const uint32_t*, int, int, int, int);
    CuResult (*errorString)(CuResult, const char**);

    /// The opened driver, or null with one sentence in `problem()`.
    static const Driver* get();
    static const std::string& problem();
    /// Where it was found; empty when it was not.
    static const std::string& path();
};

/// Entry points of NVRTC.
struct Compiler {
    using Program = void*;
    int (*version)(int*, int*);
    int (*create)(Program*, const char*, const char*, int, const char* const*, const char* const*);
    int (*destroy)(Program*);
    int (*compile)(Program, int, const char* const*);
    int (*cubinSize)(Program, size_t*);
    int (*cubin)(Program, char*);
    int (*ptxSize)(Program, size_t*);
    int (*ptx)(Program, char*);
    int (*logSize)(Program, size_t*);
    int (*log)(Program, char*);
    const char* (*errorString)(int);
    int major = 0, minor = 0;

    /// From 12.9 on NVRTC keeps results of its own through the driver's internals. That way crashes with some drivers, and
    /// compiled_files.h keeps what is worth keeping.
    bool hasCache() const { return major > 12 || (major == 12 && minor >= 9); }

    static const Compiler* get();
    static const std::string& problem();
    static const std::string& path();
};

/// Throws Error: Memory when the device is full, Device otherwise, with the driver's own words.
void check(CuResult result, const char* what);

}  // namespace sinter::cuda
