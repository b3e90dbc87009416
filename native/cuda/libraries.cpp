#include "core/device.h"
#include "cuda/driver.h"
#include "cuda/libraries/cupti.h"
#include "cuda/libraries/tactic_library.h"
#include "cuda/library.h"

// What `sinter devices` and the studio's Start step tell about the libraries that this backend opens.
namespace sinter::cuda {
namespace {

std::string versionText(int major, int minor) { return std::to_string(major) + "." + std::to_string(minor); }

SupportLibrary driverLibrary() {
    SupportLibrary l{.name = "NVIDIA driver", .path = Driver::path(), .version = {}, .problem = Driver::problem(), .searched = searchedPlaces()};
    int version = 0;
    if (const Driver* d = Driver::get(); d && d->driverVersion(&version) == 0) l.version = "CUDA " + versionText(version / 1000, version % 1000 / 10);
    return l;
}

SupportLibrary compilerLibrary() {
    SupportLibrary l{.name = "NVRTC", .path = Compiler::path(), .version = {}, .problem = Compiler::problem(), .searched = searchedPlaces()};
    int major = 0, minor = 0;
    if (const Compiler* c = Compiler::get(); c && c->version(&major, &minor) == 0) l.version = versionText(major, minor);
    return l;
}

const LibraryRegistration registration([] {
    std::vector<SupportLibrary> all{driverLibrary(), compilerLibrary()};
    for (const TacticLibrary* l : tacticLibraries()) all.push_back(l->info());
    all.push_back(cuptiInfo());
    return all;
});

}  // namespace
}  // namespace sinter::cuda
