#include "cuda/driver.h"

#include <optional>

#include "core/error.h"
#include "cuda/context.h"
#include "cuda/library.h"
#include "cuda/symbols.h"

namespace sinter::cuda {
namespace {

/// CUDA 12.0: cuLaunchKernelEx, tensor maps, and the cubins that NVRTC 12 and 13 make.
constexpr int kLeastDriver = 12000;

template <typename T>
struct Loaded {
    std::optional<T> table;
    std::string problem;
    std::string path;
};

Loaded<Driver> loadDriver() {
    Loaded<Driver> result;
    const Library library = openLibrary({"libcuda.so.1", "libcuda.so"});
    if (!library.handle) {
        result.problem = "no NVIDIA driver (libcuda.so.1) was found: engines for GPUs can be inspected here but neither built nor run";
        return result;
    }
    result.path = library.path;
    Driver d{};
    Symbols symbol{library, {}};
    symbol(d.init, "cuInit");
    symbol(d.driverVersion, "cuDriverGetVersion");
    symbol(d.deviceCount, "cuDeviceGetCount");
    symbol(d.device, "cuDeviceGet");
    symbol(d.deviceName, "cuDeviceGetName");
    symbol(d.deviceAttribute, "cuDeviceGetAttribute");
    symbol(d.deviceMemory, "cuDeviceTotalMem_v2");
    symbol(d.retainContext, "cuDevicePrimaryCtxRetain");
    symbol(d.resetContext, "cuDevicePrimaryCtxReset_v2");
    symbol(d.setContext, "cuCtxSetCurrent");
    symbol(d.memoryInfo, "cuMemGetInfo_v2");
    symbol(d.allocate, "cuMemAlloc_v2");
    symbol(d.allocateManaged, "cuMemAllocManaged");
    symbol(d.free, "cuMemFree_v2");
    symbol(d.allocateHost, "cuMemHostAlloc");
    symbol(d.freeHost, "cuMemFreeHost");
    symbol(d.copyIn, "cuMemcpyHtoDAsync_v2");
    symbol(d.copyWithin, "cuMemcpyDtoDAsync_v2");
    symbol(d.copyOut, "cuMemcpyDtoHAsync_v2");
    symbol(d.fill, "cuMemsetD8Async");
    symbol(d.createStream, "cuStreamCreate");
    symbol(d.destroyStream, "cuStreamDestroy_v2");
    symbol(d.synchronizeStream, "cuStreamSynchronize");
    symbol(d.waitEvent, "cuStreamWaitEvent");
    symbol(d.createEvent, "cuEventCreate");
    symbol(d.destroyEvent, "cuEventDestroy_v2");
    symbol(d.recordEvent, "cuEventRecord");
    symbol(d.synchronizeEvent, "cuEventSynchronize");
    symbol(d.elapsed, "cuEventElapsedTime");
    symbol(d.loadModule, "cuModuleLoadData");
    symbol(d.unloadModule, "cuModuleUnload");
    symbol(d.function, "cuModuleGetFunction");
    symbol(d.setFunctionAttribute, "cuFuncSetAttribute");
    symbol(d.functionAttribute, "cuFuncGetAttribute");
    symbol(d.occupancy, "cuOccupancyMaxActiveBlocksPerMultiprocessor");
    d.parameterCount = reinterpret_cast<decltype(d.parameterCount)>(library.symbol("cuFuncGetParamCount"));
    d.parameterInfo = reinterpret_cast<decltype(d.parameterInfo)>(library.symbol("cuFuncGetParamInfo"));
    symbol(d.launch, "cuLaunchKernelEx");
    symbol(d.beginCapture, "cuStreamBeginCapture_v2");
    symbol(d.endCapture, "cuStreamEndCapture");
    symbol(d.instantiate, "cuGraphInstantiateWithFlags");
    symbol(d.launchGraph, "cuGraphLaunch");
    symbol(d.destroyGraph, "cuGraphDestroy");
    symbol(d.destroyGraphExec, "cuGraphExecDestroy");
    symbol(d.encodeTiled, "cuTensorMapEncodeTiled");
    symbol(d.encodeIm2col, "cuTensorMapEncodeIm2col");
    symbol(d.errorString, "cuGetErrorString");
    const auto tooOld = [&](const std::string& detail) {
        result.problem = "the NVIDIA driver " + library.path + " is too old (" + detail + "): CUDA 12.0 (driver 525) or newer is needed";
    };
    int version = 0;
    if (d.driverVersion && d.driverVersion(&version) == 0 && version < kLeastDriver) {
        tooOld("CUDA " + std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10));
    } else if (!symbol.missing.empty()) {
        tooOld("it lacks " + symbol.missing);
    } else if (const CuResult code = d.init(0); code != 0) {
        const char* text = nullptr;
        d.errorString(code, &text);
        result.problem = std::string("the NVIDIA driver is installed but finds no usable GPU (") + (text ? text : "unknown error") + ")";
    } else {
        result.table = d;
    }
    return result;
}

Loaded<Compiler> loadCompiler() {
    Loaded<Compiler> result;
    const Library library = openLibrary({"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"});
    if (!library.handle) {
        result.problem =
            "NVRTC (libnvrtc.so) was not found: engines for the GPU can be run but not built; `pip install nvidia-cuda-nvrtc` provides it";
        return result;
    }
    result.path = library.path;
    Compiler c{};
    Symbols symbol{library, {}};
    symbol(c.version, "nvrtcVersion");
    symbol(c.create, "nvrtcCreateProgram");
    symbol(c.destroy, "nvrtcDestroyProgram");
    symbol(c.compile, "nvrtcCompileProgram");
    symbol(c.cubinSize, "nvrtcGetCUBINSize");
    symbol(c.cubin, "nvrtcGetCUBIN");
    symbol(c.ptxSize, "nvrtcGetPTXSize");
    symbol(c.ptx, "nvrtcGetPTX");
    symbol(c.logSize, "nvrtcGetProgramLogSize");
    symbol(c.log, "nvrtcGetProgramLog");
    symbol(c.errorString, "nvrtcGetErrorString");
    if (symbol.missing.empty()) {
        c.version(&c.major, &c.minor);
        result.table = std::move(c);
    } else result.problem = library.path + " is too old to compile kernels: it lacks " + symbol.missing;
    return result;
}

const Loaded<Driver>& driver() {
    static const Loaded<Driver> loaded = loadDriver();
    return loaded;
}
const Loaded<Compiler>& compiler() {
    static const Loaded<Compiler> loaded = loadCompiler();
    return loaded;
}

}  // namespace

const Driver* Driver::get() { return driver().table ? &*driver().table : nullptr; }
const std::string& Driver::problem() { return driver().problem; }
const std::string& Driver::path() { return driver().path; }
const Compiler* Compiler::get() { return compiler().table ? &*compiler().table : nullptr; }
const std::string& Compiler::problem() { return compiler().problem; }
const std::string& Compiler::path() { return compiler().path; }

void check(CuResult result, const char* what) {
    if (result == 0) return;
    const char* text = nullptr;
    if (const Driver* d = Driver::get()) d->errorString(result, &text);
    const std::string reason = text ? text : "error " + std::to_string(result);
    if (result == kOutOfMemory) throw Error(ErrorCode::Memory, std::string("the GPU is out of memory while ") + what);
    const bool lost = Context::noteLoss(result, reason.c_str());
    throw Error(ErrorCode::Device, std::string("the GPU failed while ") + what + ": " + reason +
                                       (lost ? "; it has lost what it held: load the engine again" : ""));
}

}  // namespace sinter::cuda
