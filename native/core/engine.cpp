#include "core/engine.h"

#include <algorithm>
#include <cstring>

#include "core/crc32.h"
#include "core/engine_checks.h"
#include "core/engine_format.h"
#include "core/error.h"

namespace sinter {
namespace {

using format::Preamble;

Preamble readPreamble(const MappedFile& file) {
    const auto bytes = file.bytes();
    const std::string& path = file.path();
    const size_t seen = std::min(bytes.size(), sizeof format::kMagic);
    if (bytes.empty()) throw Error(ErrorCode::Format, path + " is empty, not an engine file");
    if (std::memcmp(bytes.data(), format::kMagic, seen) != 0) throw Error(ErrorCode::Format, path + " is not an engine file");
    if (bytes.size() < sizeof(Preamble)) {
        throw Error(ErrorCode::Truncated, path + " is cut off: an engine file has at least 64 bytes, this one has " +
                                              std::to_string(bytes.size()));
    }
    Preamble p;
    std::memcpy(&p, bytes.data(), sizeof p);
    if (p.version != format::kVersion) {
        throw Error(ErrorCode::Format, path + " has engine format " + std::to_string(p.version) + ", this runtime reads format " +
                                           std::to_string(format::kVersion));
    }
    if (p.flags != 0) throw Error(ErrorCode::Format, path + " sets flags that this runtime does not know");
    if (std::any_of(std::begin(p.reserved), std::end(p.reserved), [](uint8_t b) { return b != 0; })) {
        throw Error(ErrorCode::Corrupt, path + " is damaged: reserved bytes of its preamble are set");
    }
    if (p.headerBytes >= format::kMaxHeader || p.blobOffset != format::alignUp(sizeof(Preamble) + p.headerBytes) ||
        p.blobBytes > (1ULL << 62)) {
        throw Error(ErrorCode::Corrupt, path + " is damaged: the lengths in its preamble contradict each other");
    }
    const uint64_t size = p.blobOffset + p.blobBytes;
    if (bytes.size() < size) {
        throw Error(ErrorCode::Truncated, path + " is cut off: it should have " + std::to_string(size) + " bytes, it has " +
                                              std::to_string(bytes.size()));
    }
    if (bytes.size() > size) {
        throw Error(ErrorCode::Corrupt, path + " is damaged: it should have " + std::to_string(size) + " bytes, it has " +
                                            std::to_string(bytes.size()));
    }
    return p;
}

}  // namespace

Engine::Engine(const std::string& path) : file_(std::make_shared<MappedFile>(path)) {
    const Preamble p = readPreamble(*file_);
    headerBytes_ = file_->bytes().subspan(sizeof(Preamble), p.headerBytes);
    blob_ = file_->bytes().subspan(p.blobOffset, p.blobBytes);
    blobCrc_ = p.blobCrc;
    if (crc32(headerBytes_) != p.headerCrc) throw Error(ErrorCode::Corrupt, path + " is damaged: its header does not match its checksum");
    header_ = schema::decodeEngine({reinterpret_cast<const char*>(headerBytes_.data()), headerBytes_.size()});
    device_ = checkRequirements(header_);
    checkStructure(header_, p.blobBytes);
    file_->willNeed(p.blobOffset, p.blobBytes);
    device_->reopen();
    weights_ = device_->bindWeights(blob_, hasRegions(header_));
    std::vector<KernelBinary> kernels;
    for (const schema::Kernel& k : header_.kernels) kernels.push_back({std::string(k.key), std::string(k.cubin), std::string(k.ptx)});
    device_->addKernels(kernels);
    for (schema::Profile& profile : header_.profiles) {
        if (profile.plan) others_.push_back(std::unique_ptr<const Engine>(new Engine(*this, std::move(*profile.plan), 1 + others_.size())));
    }
}

Engine::Engine(const Engine& main, schema::Plan plan, size_t index)
    : file_(main.file_), headerBytes_(main.headerBytes_), blob_(main.blob_), blobCrc_(main.blobCrc_), header_(schema::withPlan(main.header_, std::move(plan))),
      device_(main.device_), weights_(main.weights_), index_(index) {}

std::shared_ptr<const Engine> Engine::load(const std::string& path) { return std::make_shared<const Engine>(path); }

void Engine::verifyWeights() const {
    if (crc32(blob_) != blobCrc_) throw Error(ErrorCode::Corrupt, path() + " is damaged: its weights do not match their checksum");
}

}  // namespace sinter
