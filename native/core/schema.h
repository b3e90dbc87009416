#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/layer.h"

/// The messages of assets/proto/engine.proto that the runtime needs, decoded. Field meanings are documented there.
namespace sinter::schema {

struct DimExpr {
    enum class Kind : uint8_t { Constant, Symbol, Add, Mul, FloorDiv, CeilDiv, Min, Max };
    Kind kind = Kind::Constant;
    int64_t value = 0;
    std::vector<DimExpr> args;
};

struct View {
    enum class Kind : uint8_t { Slice, Permute, Reshape };
    uint32_t of = 0;
    Kind kind = Kind::Slice;
    uint32_t axis = 0;
    DimExpr start;
    std::vector<uint32_t> perm;
};

struct Value {
    std::string name;
    DType dtype = DType::Undefined;
    std::vector<DimExpr> shape;
    std::string layout;
    std::optional<uint64_t> arenaOffset;
    std::optional<uint32_t> weight;
    std::optional<View> view;
    bool external = false;
    bool pooled = false;
    bool sequence = false;
    bool optional = false;
    uint64_t maxBytes = 0;
    std::vector<double> scale = {};
    int64_t zeroPoint = 0;
    uint32_t scaleAxis = 0;
};

struct Region;

struct Layer {
    std::string name;
    std::string op;
    std::vector<std::pair<std::string, AttrValue>> attrs;
    std::vector<int32_t> inputs;
    uint32_t opInputs = 0;
    std::vector<uint32_t> outputs;
    PointwiseProgram program;
    std::string device;
    std::string tactic;
    uint64_t workspace = 0;
    uint64_t workspaceOffset = 0;
    uint32_t stream = 0;
    std::vector<uint32_t> waits = {};  ///< layers on other streams that must have ended before it starts
    std::vector<DimExpr> dims;
    bool resolve = false;
    std::vector<Region> regions;
};

struct Region {
    std::vector<Value> values;
    std::vector<int32_t> inputs;  ///< per operand of the layer that the region is given; -1 = not read
    std::vector<uint32_t> outputs;
    std::vector<Layer> layers;
    uint64_t arenaBytes = 0;
};

struct Weight {
    std::string_view expr;  ///< the encoded WeightExpr, inside the header's bytes
    std::string hash;
    std::string recipe;
    uint64_t offset = 0;
    uint64_t length = 0;
    uint32_t layer = 0;
    uint32_t input = 0;
};

struct Range {
    int64_t min = 0, opt = 0, max = 0;
};
struct Binding {
    std::string name;
    uint32_t value = 0;
};
/// What one profile of an engine runs.
struct Plan {
    std::vector<Value> values;
    std::vector<Binding> inputs;
    std::vector<Binding> outputs;
    std::vector<Layer> layers;
    uint64_t arenaBytes = 0;
};
struct Profile {
    std::vector<Range> ranges;
    std::optional<Plan> plan;  ///< absent in the first profile: its plan is the engine's own
};

/// Views into the header's bytes.
struct Kernel {
    std::string_view key, cubin, ptx;
};

/// A plugin that layers of the engine run.
struct PluginNeed {
    std::string name;
    std::string version;
};

/// A library whose kernels layers of the engine run, in the very version that chose their algorithms.
struct LibraryNeed {
    std::string source;
    std::string version;
};

struct Engine {
    uint32_t format = 0;
    std::vector<std::string> requiredFeatures;
    std::string name;
    std::string device;
    std::vector<std::string> deviceFeatures;
    std::vector<std::string> symbols;
    std::vector<Profile> profiles;
    std::vector<Value> values;
    std::vector<Binding> inputs;
    std::vector<Binding> outputs;
    std::vector<Layer> layers;
    std::vector<Weight> weights;
    std::vector<Kernel> kernels;
    std::vector<PluginNeed> plugins;
    std::vector<LibraryNeed> libraries;
    uint64_t arenaBytes = 0;
    uint32_t threads = 0;
};

struct LayerMessage {
    Layer layer;
    std::vector<Value> values;
    std::vector<std::string> symbols;
};

struct WeightExpr {
    enum class Kind : uint8_t { None, File, Literal, Cast, Reshape, Transpose, Concat, Slice, Scale, Evaluate };
    DType dtype = DType::Undefined;
    std::vector<int64_t> shape;
    Kind kind = Kind::None;
    uint32_t file = 0;                                ///< File
    uint64_t offset = 0, length = 0;                  ///< File
    std::string_view literal;                         ///< Literal
    std::vector<std::unique_ptr<WeightExpr>> inputs;  ///< Scale: input, factor, shift?; Evaluate: null = absent operand
    std::vector<uint32_t> perm;                       ///< Transpose
    uint32_t axis = 0;                                ///< Concat, Slice, Scale
    int64_t start = 0;                                ///< Slice
    std::unique_ptr<Layer> layer;                     ///< Evaluate
    uint32_t output = 0;                              ///< Evaluate
    std::string_view bytes;                           ///< the encoded message: equal bytes are equal expressions
};

/// These throw Error(Corrupt) on malformed bytes. Views in the results point into `bytes`.
Engine decodeEngine(std::string_view bytes);
/// The engine with another plan in place of its own; code is not copied.
Engine withPlan(const Engine& engine, Plan plan);
LayerMessage decodeLayerMessage(std::string_view bytes);
WeightExpr decodeWeightExpr(std::string_view bytes);

}  // namespace sinter::schema
