#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/device.h"
#include "cuda/driver.h"
#include "cuda/kernel.h"

namespace sinter::cuda {

/// A layer that a library runs: it is handed the driver's stream and launches what it likes there, recorded graphs included.
class LibraryLaunch : public Launch {
public:
    virtual void run(CuStream stream, const KernelArgs& args) = 0;
};

/// A library of NVIDIA's whose kernels can run layers, opened when first asked for. Its tactics are named
/// "source:version:dtype_op__algorithm": what an algorithm is only that version knows.
class TacticLibrary {
public:
    virtual ~TacticLibrary() = default;
    /// Lower case, as tactics begin: "cublaslt".
    virtual std::string_view source() const = 0;
    /// As --tactic-sources names it: "CUBLAS_LT".
    virtual std::string_view option() const = 0;
    /// Where it is, or what is missing and how to get it.
    virtual const SupportLibrary& info() const = 0;
    /// The device's context is current in all of these. Nothing when it is not there or cannot run the layer.
    virtual std::vector<Tactic> enumerate(const LayerDesc& layer, const DeviceProperties& device) const = 0;
    /// Throws Error(Kernel) when the algorithm cannot run the layer.
    virtual TacticInfo describe(const LayerDesc& layer, std::string_view tactic, const DeviceProperties& device) const = 0;
    virtual void pack(const LayerDesc& layer, std::string_view tactic, int input, const void* raw, void* packed) const = 0;
    virtual std::unique_ptr<LibraryLaunch> prepare(const LayerDesc& layer, std::string_view tactic, const DeviceProperties& device) const = 0;
};

/// All that the runtime knows.
std::span<TacticLibrary* const> tacticLibraries();
/// Null when there is none of that name.
TacticLibrary* findLibrary(std::string_view source);
/// The library of a tactic's name; null for kernels of our own. Throws Error(Device), one sentence, when it is not found here
/// or is another version.
TacticLibrary* libraryOf(std::string_view tactic);
/// Throws as libraryOf does.
void requireVersion(const TacticLibrary& library, std::string_view version);
/// What stands behind source and version in a tactic's name.
std::string_view algorithmOf(std::string_view tactic);

}  // namespace sinter::cuda
