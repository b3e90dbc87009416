#include "cuda/epilogue.h"

#include <algorithm>
#include <functional>
#include <limits>

#include "cuda/codegen/program.h"
#include "core/error.h"
#include "core/quantized_layer.h"
#include "core/row_statistics.h"
#include "cuda/codegen/types.h"
#include "cuda/epilogue_bytes.h"

namespace sinter::cuda {
namespace {

/// As in epilogue_base.cuh.
struct DeviceOperand {
    void* data = nullptr;
    int32_t row = 0, column = 0, align = 1;
    int32_t strides[7] = {};
};
static_assert(sizeof(DeviceOperand) == 48);
struct DeviceShape {
    int32_t dims[7] = {1, 1, 1, 1, 1, 1, 1};
    int32_t columns = 0;
};

/// Elements from one row to the next where all row axes are one walk through memory; -1 where they are not.
int32_t evenStep(const std::vector<int64_t>& dims, const std::vector<int64_t>& strides) {
    int64_t step = -1, expected = -1;
    for (size_t a = dims.size(); a-- > 0;) {
        if (dims[a] == 1) continue;
        if (step < 0) step = expected = strides[a];
        else if (strides[a] != expected) return -1;
        expected *= dims[a];
    }
    step = std::max<int64_t>(step, 0);
    return step <= std::numeric_limits<int32_t>::max() ? static_cast<int32_t>(step) : -1;
}

DeviceOperand vectorOperand(const TensorView& v, uint64_t offset) {
    DeviceOperand o;
    o.data = static_cast<std::byte*>(v.data) + offset;
    o.column = v.count() == 1 && offset == 0 ? 0 : 1;
    o.align = 16;
    return o;
}

DeviceOperand tensorOperand(const TensorView& v, const ResultShape& shape) {
    DeviceOperand o;
    o.data = v.data;
    const size_t missing = shape.dims.size() - static_cast<size_t>(v.rank);
    std::vector<int64_t> dims, strides;
    uint64_t granularity = reinterpret_cast<uint64_t>(v.data) / dtypeSize(v.dtype) | 16;
    if (reinterpret_cast<uint64_t>(v.data) % dtypeSize(v.dtype) != 0) granularity |= 1;
    for (size_t a = 0; a < shape.dims.size(); ++a) {
        const bool present = a >= missing && v.dims[a - missing] != 1;
        const int64_t stride = present ? v.strides[a - missing] : 0;
        if (a == shape.columnAxis) {
            o.column = static_cast<int32_t>(stride);
            continue;
        }
        o.strides[strides.size()] = static_cast<int32_t>(stride);
        dims.push_back(shape.dims[a]);
        strides.push_back(stride);
        granularity |= static_cast<uint64_t>(stride);
    }
    o.row = evenStep(dims, strides);
    o.align = o.column == 1 ? static_cast<int32_t>(granularity & (~granularity + 1)) : 0;
    return o;
}

/// Whether an operand covers the whole result: with Options::even its rows are evenly spaced.
bool isEven(const TensorInfo& t, const ResultShape& shape) { return !t.constant && t.dims == shape.dims; }

/// The text under construction.
class Text {
public:
    explicit Text(const LayerDesc& layer) : layer_(layer) {}

    void line(const std::string& s) { out_ += s + "\n"; }
    std::string str() const { return out_; }

    /// How an operand is addressed: by its strides, as a vector along the columns, or as rows of promised alignment.
    enum class Access { Strided, Vector, Even };

    /// Loads operand k as `name`[V] of its compute type, dequantized. `whole`: a vector of all columns, or an even matrix.
    void load(size_t k, const TensorInfo& t, const std::string& name, size_t axes, Access access, bool whole) {
        const std::string stored = storageType(t.dtype), compute = computeType(valueType(t)), o = "e.operands[" + std::to_string(k) + "]";
        const std::string offset = access == Access::Vector ? "0" : "static_cast<int64_t>(row) * " + o + ".row";
        const std::string from = "(static_cast<const " + stored + "*>(" + o + ".data) + " + offset + " + column, ";
        const std::string strided = "epilogue_load<" + stored + ", V>(" + o + ", " +
                                    (access == Access::Vector ? "0" : "epilogue_offset<" + std::to_string(axes) + ">(" + o + ", e.shape, row)") + ", column, " +
                                    columns() + ", " + name + "_);";
        std::string value = "convert<" + compute + ">(" + name + "_[i])";
        if (t.quantized()) {
            line("    float " + name + "_whole[V];");
            if (whole) line("    if constexpr (SINTER_COLUMNS % V == 0) load_quantized<V>" + from + name + "_whole);\n    else");
            line("    {\n        " + stored + " " + name + "_[V];\n        " + strided);
            line("#pragma unroll\n        for (int i = 0; i < V; ++i) " + name + "_whole[i] = byte_to_float(" + name + "_[i]);\n    }");
            value = "(" + name + "_whole[i] - " + literal(static_cast<double>(t.zeroPoint), "float") + ") * " + literal(t.scale[0], "float");
        } else {
            line("    " + stored + " " + name + "_[V];");
            if (whole) line("    if constexpr (SINTER_COLUMNS % V == 0) load_vec<V>" + from + name + "_);\n    else");
            line("    " + strided);
        }
        line("    " + compute + " " + name + "[V];\n#pragma unroll");
        line("    for (int i = 0; i < V; ++i) " + name + "[i] = " + value + ";");
    }
    /// An operand whose elements are the caller's `given`.
    void given(const TensorInfo& t, const std::string& name) {
        const std::string compute = computeType(valueType(t));
        line("    " + compute + " " + name + "[V];\n#pragma unroll\n    for (int i = 0; i < V; ++i) " + name + "[i] = convert<" + compute + ">(given[i]);");
    }
    static std::string columns() { return "SINTER_EPILOGUE_COLUMNS"; }

private:
    const LayerDesc& layer_;
    std::string out_;
};

/// A vector along the columns that is stored as one: its elements lie side by side, and its address is a constant's.
bool isColumnVector(const TensorInfo& t, const ResultShape& shape) {
    const size_t missing = shape.dims.size() - t.dims.size();
    return t.constant && !t.quantized() && t.dims.size() <= shape.dims.size() && t.count() == shape.columns() && shape.columnAxis >= missing &&
           t.dims[shape.columnAxis - missing] == shape.columns();
}

/// EpilogueRow: the numbers that a program takes of every row, and the names that it knows them by.
struct RowNumbers {
    std::string members;             ///< one line per number of statistics
    std::vector<std::string> names;  ///< of SeparatedProgram::numbers
};
RowNumbers rowNumbersOf(const LayerDesc& layer, const SeparatedProgram& separated, const std::function<size_t(size_t)>& operandOf) {
    RowNumbers r;
    std::vector<std::pair<uint32_t, double>> seen;
    for (const RowNumber& n : separated.numbers) {
        // Only factors have an ε: a mean takes that of any factor of its statistics.
        const auto same = [&](const std::pair<uint32_t, double>& s) { return s.first == n.operand && (!n.factor || s.second == n.epsilon); };
        if (std::find_if(seen.begin(), seen.end(), same) == seen.end()) {
            double epsilon = n.epsilon;
            for (const RowNumber& o : separated.numbers) {
                if (!n.factor && o.factor && o.operand == n.operand) epsilon = o.epsilon;
            }
            const TensorInfo& t = layer.inputs[layer.opInputs + n.operand - 1];
            const std::string groups = std::to_string(t.dims[t.dims.size() - 2]);
            const size_t k = operandOf(layer.opInputs + n.operand - 1);
            r.members += "    r.at[" + std::to_string(seen.size()) + "] = merge_group_statistics<" + groups + ">(static_cast<const GroupStatistics*>(e.operands[" + std::to_string(k) +
                         "].data) + static_cast<int64_t>(row) * " + groups + ", part, " + literal(epsilon, "float") + ");\n";
            seen.emplace_back(n.operand, epsilon);
        }
        const auto at = std::find_if(seen.begin(), seen.end(), same) - seen.begin();
        r.names.push_back("row_numbers.at[" + std::to_string(at) + "]." + (n.factor ? "factor" : "mean"));
    }
    r.members = "struct EpilogueRow {\n    RowStatistics at[" + std::to_string(seen.size()) + "];\n};\n" +
                "SINTER_DEVICE EpilogueRow epilogue_row(const EpilogueParams& e, int row, int part) {\n    EpilogueRow r;\n" + r.members + "    return r;\n}\n";
    return r;
}

/// Whether values of type `acc` reach an output without loss that its type would not imply.
bool storableFrom(const std::string& acc, const TensorInfo& out) {
    if (out.quantized()) return (out.dtype == DType::I8 || out.dtype == DType::U8) && out.scale.size() == 1 && acc == "float";
    if (isFloat(out.dtype)) return acc == "float" || acc == "double";
    return acc == storageType(out.dtype) || (acc == "float" && dtypeSize(out.dtype) <= 2) || (acc == "double" && dtypeSize(out.dtype) <= 4);
}

/// The clamp that is the program of a layer that requantizes, on steps of its result; nothing where outputs differ in it.
std::optional<std::string> clampSteps(const LayerDesc& layer) {
    const auto bounds = quant::clampOf(layer.program);
    if (!bounds) return std::nullopt;
    const auto of = [&](const TensorInfo& t) {
        quant::Quantizer q(t);
        q.clamp(bounds->lo, bounds->hi);
        return std::pair{q.lo, q.hi};
    };
    // Without a program the type's own bounds are left to the store.
    if (layer.program.empty()) return "x0";
    const auto [lo, hi] = of(layer.outputs[0]);
    for (const TensorInfo& t : layer.outputs) {
        if (of(t) != std::pair{lo, hi}) return std::nullopt;
    }
    return "fminf(fmaxf(x0, " + literal(static_cast<double>(lo), "float") + "), " + literal(static_cast<double>(hi), "float") + ")";
}

}  // namespace

std::optional<Epilogue> Epilogue::of(const LayerDesc& layer, const ResultShape& shape, const Options& options) {
    if (layer.outputs.empty() || layer.inputs.empty() || !storable(layer) || shape.dims.empty() || shape.dims.size() > 8) return std::nullopt;
    if (shape.rows() > std::numeric_limits<int32_t>::max()) return std::nullopt;
    Epilogue e;
    e.shape_ = shape;
    const size_t axes = shape.dims.size() - 1;
    const DType resultType = valueType(layer.inputs[0]);
    const std::string acc = computeType(resultType);
    if (acc.empty()) return std::nullopt;

    // Where all outputs hold one type, rounding and storing are two functions: kernels may round earlier.
    const size_t results = resultCount(layer);
    const bool uniform = std::all_of(layer.outputs.begin(), layer.outputs.begin() + static_cast<ptrdiff_t>(results), [&](const TensorInfo& t) { return !t.quantized() && t.dtype == layer.outputs[0].dtype; });
    const auto half = [](const TensorInfo& t) { return !t.quantized() && (t.dtype == DType::F16 || t.dtype == DType::BF16); };
    size_t evens = 0;
    for (size_t i = layer.opInputs; options.even && i < layer.inputs.size(); ++i) {
        const TensorInfo& t = layer.inputs[i];
        if (!t.present() || !isEven(t, shape)) continue;
        if (++evens == 1 && half(t)) e.given_ = i;
    }
    if (evens != 1 || !uniform || !half(layer.outputs[0]) || shape.columns() % 8 != 0) e.given_.reset();

    Text apply(layer), applyGiven(layer), prefetch(layer);
    using Access = Text::Access;
    const auto operand = [&](Operand o) {
        e.operands_.push_back(o);
        return e.operands_.size() - 1;
    };
    const auto present = [&](int i) { return i >= 0 && static_cast<size_t>(i) < layer.inputs.size() && layer.inputs[static_cast<size_t>(i)].present(); };
    const bool scaled = present(options.scaleInput);
    const bool biased = present(options.biasInput);
    // Nothing real lies between integer sums and integer results: the factors lead to steps of the result's scale.
    const bool steps = scaled && quant::requantizes(layer), wholeBias = scaled && quant::hasIntegerBias(layer);
    ByteOperands bytes;
    bytes.alpha = options.alpha;
    if (scaled) {
        const size_t k = operand({false, static_cast<size_t>(options.scaleInput), options.scaleOffset, true});
        bytes.scale = static_cast<int>(k);
        apply.load(k, TensorInfo{.dtype = DType::F32, .dims = {}, .layout = {}}, "scale", axes, Access::Vector, options.constantShape);
    }
    if (biased) {
        const TensorInfo& bias = layer.inputs[static_cast<size_t>(options.biasInput)];
        if (!wholeBias && computeType(valueType(bias)) != acc && !isFloat(bias.dtype)) return std::nullopt;
        const size_t k = operand({false, static_cast<size_t>(options.biasInput), 0, true});
        bytes.bias = static_cast<int>(k);
        apply.load(k, bias, "bias", axes, Access::Vector, options.constantShape && bias.count() == shape.columns());
    }
    std::string start = "v[i]";
    if (wholeBias) start = "(v[i] + static_cast<float>(bias[i])) * scale[i]";
    else if (scaled) start = biased ? "fmaf(v[i], scale[i], static_cast<float>(bias[i]))" : "v[i] * scale[i]";
    else {
        if (options.alpha != 1) start = start + " * " + (acc == "float" || acc == "double" ? literal(options.alpha, acc) : std::to_string(static_cast<int64_t>(options.alpha)));
        if (biased) start += " + static_cast<acc_t>(bias[i])";
    }
    std::string result = "x0";
    std::string statements, rows, group;
    if (steps) {
        const auto clamp = clampSteps(layer);
        if (!clamp) return std::nullopt;
        result = *clamp;
    } else if (!layer.program.empty()) {
        const SeparatedProgram separated = separateRowNumbers(layer.program);
        if (!separated.numbers.empty() && (!options.rowStatistics || !statisticsFit(layer, separated, shape.dims))) return std::nullopt;
        size_t givenFrom = 0;
        std::vector<DType> types{resultType};
        std::vector<std::string> names{"x0"};
        for (size_t i = layer.opInputs; i < layer.inputs.size(); ++i) {
            const TensorInfo& t = layer.inputs[i];
            const std::string name = "x" + std::to_string(i - layer.opInputs + 1);
            if (separated.isStatistics(i - layer.opInputs + 1)) {
                types.push_back(DType::F32);
                names.push_back(name);
                bytes.residuals.push_back(-1);
                continue;
            }
            if (!t.present() || t.dims.size() > shape.dims.size()) return std::nullopt;
            if (options.even && isColumnVector(t, shape)) {
                apply.load(operand({false, i, 0, true}), t, name, axes, Access::Vector, true);
                types.push_back(valueType(t));
                names.push_back(name + "[i]");
                bytes.residuals.push_back(-1);
                continue;
            }
            const bool even = options.even && isEven(t, shape);
            const size_t k = operand({false, i, 0, false, even});
            bytes.residuals.push_back(even ? static_cast<int>(k) : -1);
            if (e.given_ == i) {
                const std::string before = apply.str();
                apply.load(k, t, name, axes, Access::Strided, even);
                applyGiven.line(before);
                applyGiven.given(t, name);
                givenFrom = apply.str().size();
            } else {
                apply.load(k, t, name, axes, Access::Strided, even);
            }
            if (even) prefetch.line("    prefetch_line(static_cast<const " + storageType(t.dtype) + "*>(e.operands[" + std::to_string(k) + "].data) + static_cast<int64_t>(row) * e.operands[" + std::to_string(k) + "].row + column);");
            types.push_back(valueType(t));
            names.push_back(name + "[i]");
        }
        if (e.given_) applyGiven.line(apply.str().substr(givenFrom));
        if (!separated.numbers.empty()) {
            const RowNumbers numbers = rowNumbersOf(layer, separated, [&](size_t input) { return operand({.index = input, .dense = true}); });
            rows = numbers.members;
            types.insert(types.end(), numbers.names.size(), DType::F32);
            names.insert(names.end(), numbers.names.begin(), numbers.names.end());
        }
        const auto code = generateProgram(separated.program, types, names);
        if (!code || code->results.size() != 1) return std::nullopt;
        const DType final = code->resultTypes[0];
        if (!isFloat(final) && computeType(final) != acc && (dtypeSize(final) > 2 || acc != "float")) return std::nullopt;
        statements = code->statements;
        result = "static_cast<acc_t>(" + code->results[0] + ")";
    }

    Text store(layer);
    int64_t first = 0;
    if (results < layer.outputs.size()) {
        const TensorInfo& statistics = layer.outputs[results];
        if (!options.rowStatistics || !options.constantShape || results != 1 || acc != "float" || statistics.dtype != DType::F32 || statistics.dims != statisticsDims(shape.dims)) return std::nullopt;
        const size_t k = operand({.output = true, .index = results, .dense = true});
        group = "    write_group_statistics<V>(static_cast<GroupStatistics*>(e.operands[" + std::to_string(k) + "].data) + static_cast<int64_t>(row) * " +
                std::to_string(shape.columns() / kStatisticsGroup) + ", column, writes, v);\n";
    }
    for (size_t i = 0; i < results; ++i) {
        const TensorInfo& out = layer.outputs[i];
        const bool scalar = out.dims.empty() && shape.dims.size() == 1;  // counts as one element of rank 1
        if (!out.present() || !storableFrom(acc, out) || (out.dims.size() != shape.dims.size() && !scalar)) return std::nullopt;
        const size_t k = operand({true, i, 0, false, options.even});
        bytes.output = static_cast<int>(k);
        const std::string stored = storageType(out.dtype);
        const bool single = results == 1;
        const int64_t width = scalar ? 1 : out.dims[shape.columnAxis];
        std::string value = "convert<" + stored + ">(v[i])", scale;
        if (out.quantized()) {
            const double inverse = steps ? 1.0 : static_cast<double>(1.0F / static_cast<float>(out.scale[0]));
            scale = literal(inverse, "float") + ", " + literal(static_cast<double>(out.zeroPoint), "float");
            value = "quantize<" + stored + ">(v[i], " + scale + ")";
        }
        const std::string rounded = "        " + stored + " s[V];\n#pragma unroll\n        for (int i = 0; i < V; ++i) s[i] = " + value + ";";
        const std::string o = "e.operands[" + std::to_string(k) + "]";
        store.line("    {");
        if (options.even) {
            const std::string range = single ? "true" : "column >= " + std::to_string(first) + " && column < " + std::to_string(first + width);
            const std::string target = "static_cast<" + stored + "*>(" + o + ".data) + static_cast<int64_t>(row) * " + o + ".row + column - " + std::to_string(first);
            store.line("        if constexpr (SINTER_COLUMNS % V == 0 && " + std::to_string(first) + " % V == 0 && " + std::to_string(first + width) + " % V == 0) {");
            if (out.quantized()) {
                store.line("            if (" + range + ") store_quantized<V>(" + target + ", v, " + scale + ");");
            } else {
                if (!uniform) store.line(rounded);
                store.line("            if (" + range + ") store_vec<V>(" + target + ", s);");
            }
            store.line("        } else {");
        }
        if (!uniform) store.line(rounded);
        store.line("        epilogue_write<" + stored + ", V>(" + o + ", epilogue_offset<" + std::to_string(axes) + ">(" + o + ", e.shape, row), column, " +
                   (single ? "0, " + Text::columns() : std::to_string(first) + ", " + std::to_string(first + width)) + ", s);");
        if (options.even) store.line("        }");
        store.line("    }");
        first += width;
    }
    if (results > 1 && first != shape.columns()) return std::nullopt;

    const size_t widest = storeVector(layer);
    std::string& t = e.text_;
    t = "#pragma once\n#define SINTER_RESULT_BYTES " + std::to_string(uniform ? dtypeSize(layer.outputs[0].dtype) : 0) + "\n";
    t += "#include \"epilogue_base.cuh\"\ntypedef " + acc + " acc_t;\n";
    t += "#define SINTER_STORE_VECTOR " + std::to_string(widest) + "\n";
    if (options.constantShape) {
        t += "#define SINTER_ROWS " + std::to_string(shape.rows()) + "\n#define SINTER_COLUMNS " + std::to_string(shape.columns()) + "\n";
        t += "#define SINTER_EPILOGUE_COLUMNS SINTER_COLUMNS\n";
    } else {
        t += "#define SINTER_EPILOGUE_COLUMNS e.shape.columns\n";
    }
    const bool statistics = !rows.empty() || results < layer.outputs.size();
    if (statistics) t += "#include \"row_statistics.cuh\"\n";
    if (!rows.empty()) t += "#define SINTER_EPILOGUE_ROWS 1\n";
    t += "struct EpilogueParams {\n    EpilogueOperand operands[" + std::to_string(e.operands_.size()) + "];\n    EpilogueShape shape;\n};\n";
    const std::string signature = "(const EpilogueParams& e, int row, int column, ";
    const std::string numbers = rows.empty() ? "" : ", const EpilogueRow& row_numbers";
    t += rows;
    if (!group.empty()) t += "#define SINTER_STATISTICS 1\ntemplate <int V> SINTER_DEVICE void epilogue_statistics(const EpilogueParams& e, int row, int column, bool writes, const acc_t (&v)[V]) {\n" + group + "}\n";
    const std::string written = group.empty() ? "" : "    epilogue_statistics(e, row, column, column % 32 == 0, v);\n";
    const std::string compute = "#pragma unroll\n    for (int i = 0; i < V; ++i) {\n        const acc_t x0 = " + start + ";\n" + statements + "        v[i] = " + result + ";\n    }\n}\n";
    t += "template <int V> SINTER_DEVICE void epilogue_apply" + signature + "acc_t (&v)[V]" + numbers + ") {\n" + apply.str() + compute;
    if (e.given_) {
        t += "#define SINTER_GIVEN 1\ntypedef " + storageType(layer.inputs[*e.given_].dtype) + " given_t;\n";
        t += "template <int V> SINTER_DEVICE void epilogue_apply_given" + signature + "acc_t (&v)[V], const given_t (&given)[V]" + numbers + ") {\n" + applyGiven.str() + compute;
    }
    if (uniform) {
        const std::string stored = storageType(layer.outputs[0].dtype);
        t += "typedef " + stored + " result_t;\n";
        t += "template <int V> SINTER_DEVICE void epilogue_put" + signature + "const result_t (&s)[V]) {\n" + store.str() + "}\n";
        t += "template <int V> SINTER_DEVICE void epilogue_store" + signature + "const acc_t (&v)[V]) {\n" + written + "    result_t s[V];\n#pragma unroll\n";
        t += "    for (int i = 0; i < V; ++i) s[i] = convert<result_t>(v[i]);\n    epilogue_put(e, row, column, s);\n}\n";
    } else {
        t += "template <int V> SINTER_DEVICE void epilogue_store" + signature + "const acc_t (&v)[V]) {\n" + written + store.str() + "}\n";
    }
    t += "SINTER_DEVICE void epilogue_prefetch(const EpilogueParams& e, int row, int column) {\n" + prefetch.str() + "}\n";
    t += prefetch.str().empty() ? "" : "#define SINTER_EPILOGUE_PREFETCHES 1\n";
    if (rows.empty()) t += "template <int V> SINTER_DEVICE void epilogue" + signature + "acc_t (&v)[V]) {\n    epilogue_apply<V>(e, row, column, v);\n    epilogue_store<V>(e, row, column, v);\n}\n";
    // The bias as a whole vector of floats, and integers left to the rules of requantizing.
    const bool plain = !steps && !wholeBias && (!biased || (layer.inputs[static_cast<size_t>(options.biasInput)].dtype == DType::F32 && layer.inputs[static_cast<size_t>(options.biasInput)].count() == shape.columns()));
    if (options.bytes && options.even && plain && acc == "float") {
        const auto form = byteEpilogue(layer, bytes);
        e.bytes_ = form.has_value();
        t += form.value_or("");
    }
    return e;
}

void Epilogue::addOperand(Params& params, const TensorView& v, const ResultShape& shape) { params.add(tensorOperand(v, shape)); }

void Epilogue::addParams(Params& params, const KernelArgs& args) const {
    std::vector<std::byte> bytes(operands_.size() * sizeof(DeviceOperand) + sizeof(DeviceShape));
    for (size_t i = 0; i < operands_.size(); ++i) {
        const Operand& o = operands_[i];
        const TensorView& v = o.output ? args.outputs[o.index] : args.inputs[o.index];
        const DeviceOperand d = o.perColumn || o.dense ? vectorOperand(v, o.offset) : tensorOperand(v, shape_);
        if (o.even && shape_.columns() > 1 && (d.row < 0 || d.column != 1)) {
            throw Error(ErrorCode::Kernel, "an operand of a matrix kernel is not stored in evenly spaced rows");
        }
        std::memcpy(bytes.data() + i * sizeof d, &d, sizeof d);
    }
    DeviceShape s;
    size_t axis = 0;
    for (size_t a = 0; a < shape_.dims.size(); ++a) {
        if (a != shape_.columnAxis) s.dims[axis++] = static_cast<int32_t>(std::max<int64_t>(shape_.dims[a], 1));
    }
    s.columns = static_cast<int32_t>(shape_.columns());
    std::memcpy(bytes.data() + operands_.size() * sizeof(DeviceOperand), &s, sizeof s);
    params.addBytes(bytes.data(), bytes.size(), alignof(DeviceOperand));
}

int64_t Epilogue::rowStep(const TensorView& operand) const { return tensorOperand(operand, shape_).row; }

size_t Epilogue::storeVector(const LayerDesc& layer) { return std::min<size_t>(16 / std::max<size_t>(1, dtypeSize(layer.outputs[0].dtype)), 8); }

void Epilogue::describeEven(const LayerDesc& layer, const ResultShape& shape, TacticInfo& info, const std::string& layout, size_t least) {
    describe(layer, info, layout);
    const auto vector = static_cast<uint32_t>(std::max(storeVector(layer), least));
    const bool slices = layout == "nhwc" || shape.dims.size() == 2;  // a slice of another axis breaks the spacing of rows
    info.outputViews.assign(layer.outputs.size(), slices ? vector : 0);
    if (writesStatistics(layer)) info.outputViews.back() = 0;
    const SeparatedProgram separated = separateRowNumbers(layer.program);
    for (size_t i = layer.opInputs; i < layer.inputs.size(); ++i) {
        if (separated.isStatistics(i - layer.opInputs + 1)) {
            info.inputLayouts[i] = "linear";
            info.inputViews[i] = 0;
        }
        if (!isEven(layer.inputs[i], shape)) continue;
        info.inputLayouts[i] = layout;
        info.inputViews[i] = slices ? vector : 0;
    }
}

void Epilogue::describe(const LayerDesc& layer, TacticInfo& info, const std::string& layout) {
    const size_t inputs = layer.inputs.size();
    info.inputLayouts.resize(inputs);
    info.inputViews.resize(inputs, 1);
    info.packing.resize(inputs);
    info.outputLayouts.assign(layer.outputs.size(), layout);
    info.outputViews.assign(layer.outputs.size(), 1);
    for (size_t i = layer.opInputs; i < inputs; ++i) {
        const TensorInfo& t = layer.inputs[i];
        const bool whole = !layer.outputs.empty() && t.dims.size() == layer.outputs[0].dims.size() && !t.constant && t.count() > 1;
        if (whole && t.dims.size() >= 3) info.inputLayouts[i] = layout;
    }
}

}  // namespace sinter::cuda
