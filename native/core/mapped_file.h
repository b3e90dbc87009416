#pragma once
#include <cstddef>
#include <span>
#include <string>

namespace sinter {

/// A whole file mapped read-only. Pages are read when touched. Throws Error(Io) naming the file.
class MappedFile {
public:
    explicit MappedFile(const std::string& path);
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(data_), size_}; }
    const std::string& path() const { return path_; }
    /// Asks the system to read a range ahead.
    void willNeed(size_t offset, size_t length) const;

private:
    std::string path_;
    void* data_ = nullptr;
    size_t size_ = 0;
};

}  // namespace sinter
