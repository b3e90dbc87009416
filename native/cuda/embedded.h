#pragma once
#include <span>
#include <string_view>

namespace sinter::cuda {

/// A file of native/cuda/kernels, put into the program by CMake.
struct EmbeddedFile {
    std::string_view name;
    std::string_view text;
};
std::span<const EmbeddedFile> embeddedFiles();

}  // namespace sinter::cuda
