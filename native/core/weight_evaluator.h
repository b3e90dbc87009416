#pragma once
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/device.h"
#include "core/host_memory.h"
#include "core/mapped_file.h"
#include "core/schema.h"

namespace sinter {

/// The value of a weight expression: dense, row-major; 4-bit types one to a byte. Bytes may lie in a mapped file, and
/// then have any alignment.
struct WeightData {
    DType dtype = DType::Undefined;
    std::vector<int64_t> shape;
    std::span<const std::byte> bytes;
    std::shared_ptr<HostMemory> owner;  ///< null when the bytes belong to a file or to the expression

    int64_t count() const {
        int64_t n = 1;
        for (const int64_t d : shape) n *= d;
        return n;
    }
};

/// Evaluates weight expressions over model files, which are mapped when first used. Results of `evaluate` expressions
/// that were announced more than once are kept until their last use; nothing else outlives a call.
class WeightEvaluator {
public:
    /// `device` runs `evaluate` layers (the CPU). `stop` is polled per expression.
    WeightEvaluator(std::vector<std::string> files, std::shared_ptr<Device> device, const StopToken* stop = nullptr);

    /// Counts the evaluated parts of an expression that will be asked for.
    void announce(const schema::WeightExpr& expr);
    /// Throws Error: Io for a missing file, Truncated for a range outside it, Shape/Type/Corrupt for a bad expression.
    WeightData evaluate(const schema::WeightExpr& expr);

private:
    struct Kept {
        int uses = 0;
        WeightData data;
    };
    WeightData file(const schema::WeightExpr& e);
    WeightData cast(const schema::WeightExpr& e);
    WeightData reshape(const schema::WeightExpr& e);
    WeightData transpose(const schema::WeightExpr& e);
    WeightData concat(const schema::WeightExpr& e);
    WeightData slice(const schema::WeightExpr& e);
    WeightData scale(const schema::WeightExpr& e);
    WeightData layer(const schema::WeightExpr& e);

    std::vector<std::string> paths_;
    std::map<uint32_t, MappedFile> files_;
    std::shared_ptr<Device> device_;
    std::unique_ptr<Stream> stream_;
    const StopToken* stop_;
    std::unordered_map<std::string_view, Kept> kept_;
};

}  // namespace sinter
