#pragma once
#include <memory>
#include <span>
#include <string>

#include "core/device.h"
#include "core/mapped_file.h"
#include "core/schema.h"

namespace sinter {

/// A loaded engine: immutable, shared by its execution contexts. Weights stay in the mapped file.
class Engine {
public:
    /// Maps and checks a file (docs/engine-format.md, "What a reader checks"). Throws Error with one sentence.
    static std::shared_ptr<const Engine> load(const std::string& path);

    const schema::Engine& header() const { return header_; }
    std::span<const std::byte> headerBytes() const { return headerBytes_; }
    const std::string& path() const { return file_.path(); }
    Device& device() const { return *device_; }
    const Buffer& weights() const { return *weights_; }
    /// Compares the blob with its checksum: reads all of it. Throws Error(Corrupt).
    void verifyWeights() const;

    explicit Engine(const std::string& path);  // use load()

private:
    MappedFile file_;
    std::span<const std::byte> headerBytes_;
    std::span<const std::byte> blob_;
    uint32_t blobCrc_ = 0;
    schema::Engine header_;
    std::shared_ptr<Device> device_;
    std::unique_ptr<Buffer> weights_;
};

}  // namespace sinter
