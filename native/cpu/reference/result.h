#pragma once
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/kernel.h"
#include "core/row_statistics.h"
#include "cpu/reference/program.h"
#include "cpu/reference/strided.h"

namespace sinter::ref {

/// A layer's program over rows: of the op's result (an epilogue) or of its first input (Softmax's prologue).
/// Operand 0 is given by the caller, the others are the layer's extra inputs, broadcast to the full shape.
class RowProgram {
public:
    /// `dims`: the full shape; `first`: type of operand 0; `out`: type that the program must yield.
    static bool supports(const LayerDesc& desc, DType first, DType out, std::span<const int64_t> dims);
    RowProgram(const LayerDesc& desc, DType first, std::vector<int64_t> dims);

    /// Registers and operand strides of one worker in one run.
    class State {
    public:
        State(const RowProgram& p, const KernelArgs& args);

    private:
        friend class RowProgram;
        std::optional<Program::Registers> registers_;
        std::vector<TensorView> extra_;
        std::vector<Dims> strides_;
    };

    /// Replaces n elements that start at `coords` and run along `axis`. Float and int forms by the operand's domain.
    void apply(State& s, std::span<const int64_t> coords, size_t axis, int64_t n, double* row) const;
    void apply(State& s, std::span<const int64_t> coords, size_t axis, int64_t n, int64_t* row) const;
    bool empty() const { return !program_; }

private:
    template <typename C>
    void applyRow(State& s, std::span<const int64_t> coords, size_t axis, int64_t n, C* row) const;
    std::optional<Program> program_;
    std::vector<RowNumber> numbers_;
    size_t firstExtra_ = 0;
    std::vector<int64_t> dims_;
};

/// Where an op's result goes: rounds it to the op's type once, applies the epilogue, and stores it, split over several
/// outputs (runs along `splitAxis` of the full result) where the layer has them.
class ResultWriter {
public:
    /// True when the epilogue and the outputs fit a result of type `result`.
    static bool supports(const LayerDesc& desc, DType result, size_t splitAxis, size_t outputs);
    ResultWriter(const LayerDesc& desc, DType result, size_t splitAxis, size_t outputs);

    /// Shape of the full result: the outputs joined along the split axis.
    std::span<const int64_t> dims() const { return dims_; }
    static std::vector<int64_t> fullDims(const LayerDesc& desc, size_t splitAxis, size_t outputs);

    class State {
    public:
        State(const ResultWriter& w, const KernelArgs& args) : program(w.program_, args), outputs(args.outputs) {}

    private:
        friend class ResultWriter;
        RowProgram::State program;
        std::span<const TensorView> outputs;
    };

    /// Stores n result elements that start at `coords` and run along `axis`; the row is used as scratch.
    void put(State& s, std::span<const int64_t> coords, size_t axis, int64_t n, double* row) const;
    void put(State& s, std::span<const int64_t> coords, size_t axis, int64_t n, int64_t* row) const;
    /// Stores the dense block of all elements whose first coordinates are `prefix` (at least one axis remains).
    template <typename C>
    void putBlock(State& s, std::span<const int64_t> prefix, C* block) const;
    /// Stores the whole dense result.
    template <typename C>
    void putAll(const KernelArgs& args, C* result) const;

private:
    template <typename C>
    void putRow(State& s, std::span<const int64_t> coords, size_t axis, int64_t n, C* row) const;
    DType result_;
    size_t splitAxis_;
    std::vector<int64_t> dims_, splitStart_;
    RowProgram program_;
    DType stored_;
};

}  // namespace sinter::ref
