#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/device.h"
#include "core/mapped_file.h"
#include "core/schema.h"

namespace sinter {

/// A loaded engine: immutable, shared by its execution contexts. Weights stay in the mapped file.
class Engine {
public:
    /// Maps and checks a file (docs/engine-format.md, "What a reader checks"). Throws Error with one sentence.
    static std::shared_ptr<const Engine> load(const std::string& path);

    /// What is read of the header, with the plan of the first optimization profile.
    const schema::Engine& header() const { return header_; }
    size_t profileCount() const { return 1 + others_.size(); }
    /// The engine with the plan of one optimization profile: its values, layers, bindings and arena, over the same weights.
    size_t profileIndex() const { return index_; }
    const Engine& profile(size_t index) const { return index == 0 ? *this : *others_[index - 1]; }
    std::span<const std::byte> headerBytes() const { return headerBytes_; }
    const std::string& path() const { return file_->path(); }
    Device& device() const { return *device_; }
    const Buffer& weights() const { return *weights_; }
    /// Compares the blob with its checksum: reads all of it. Throws Error(Corrupt).
    void verifyWeights() const;

    explicit Engine(const std::string& path);  // use load()

private:
    Engine(const Engine& main, schema::Plan plan, size_t index);

    std::shared_ptr<const MappedFile> file_;
    std::span<const std::byte> headerBytes_;
    std::span<const std::byte> blob_;
    uint32_t blobCrc_ = 0;
    schema::Engine header_;
    std::shared_ptr<Device> device_;
    std::shared_ptr<const Buffer> weights_;
    size_t index_ = 0;
    std::vector<std::unique_ptr<const Engine>> others_;  ///< of the profiles after the first
};

}  // namespace sinter
