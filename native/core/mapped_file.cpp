#include "core/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace sinter {
namespace {

struct Descriptor {
    int fd;
    ~Descriptor() {
        if (fd >= 0) ::close(fd);
    }
};

[[noreturn]] void fail(const std::string& path, int error) {
    throw Error(ErrorCode::Io, "cannot read " + path + ": " + std::strerror(error));
}

}  // namespace

MappedFile::MappedFile(const std::string& path) : path_(path) {
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (file.fd < 0) fail(path, errno);
    struct stat info {};
    if (::fstat(file.fd, &info) != 0) fail(path, errno);
    if (S_ISDIR(info.st_mode)) fail(path, EISDIR);
    if (!S_ISREG(info.st_mode)) throw Error(ErrorCode::Io, "cannot read " + path + ": it is not a regular file");
    size_ = static_cast<size_t>(info.st_size);
    if (size_ == 0) return;
    void* at = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.fd, 0);
    if (at == MAP_FAILED) fail(path, errno);
    data_ = at;
}

MappedFile::~MappedFile() {
    if (data_) ::munmap(data_, size_);
}

void MappedFile::willNeed(size_t offset, size_t length) const {
    if (!data_ || offset >= size_) return;
    const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
    const size_t start = offset / page * page;
    ::madvise(static_cast<char*>(data_) + start, std::min(length + (offset - start), size_ - start), MADV_WILLNEED);
}

}  // namespace sinter
