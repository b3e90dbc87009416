#pragma once
#include <string>
#include <vector>

namespace sinter::cuda {

/// A shared library that stays open until the process ends.
struct Library {
    void* handle = nullptr;
    std::string path;
    /// Address of an entry point; null when it is missing.
    void* symbol(const char* name) const;
};

/// Opens the first of `names` (file names, newest first) that is found: in the folders of SINTER_CUDA_PATH, where the
/// system's loader looks, in CUDA_PATH and CUDA_HOME, in /usr/local/cuda*, and in the nvidia/*/lib folders of Python
/// wheels (VIRTUAL_ENV, CONDA_PREFIX, PYTHONPATH, PATH's python installations). In SINTER_CUDA_PATH
/// "none" stands for "nowhere else"; alone it finds nothing.
Library openLibrary(const std::vector<std::string>& names);

/// Where openLibrary looks here, in its order, for a person to read.
std::vector<std::string> searchedPlaces();

}  // namespace sinter::cuda
