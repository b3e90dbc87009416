#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace sinter {

/// A file that appears under its name only when complete: written beside it, synced, renamed. Unless committed, the
/// temporary file is removed. Throws Error(Io) naming the target and the reason (no space, no permission, …).
class OutputFile {
public:
    explicit OutputFile(const std::string& path);
    ~OutputFile();
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    void write(std::span<const std::byte> bytes);
    /// Overwrites bytes already written.
    void patch(uint64_t offset, std::span<const std::byte> bytes);
    void commit();

private:
    [[noreturn]] void fail(int error) const;
    std::string path_;
    std::string temporary_;
    int fd_ = -1;
};

}  // namespace sinter
