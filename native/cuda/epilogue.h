#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cuda/kernel.h"

namespace sinter::cuda {

/// How a kernel sees the result of its layer: a matrix whose columns are one axis of the logical result and whose rows
/// are all other axes in order (a convolution: rows = n, y, x; columns = channels. A matrix product: columns = the last
/// axis).
struct ResultShape {
    std::vector<int64_t> dims;  ///< logical, rank 1 to 8
    size_t columnAxis = 1;
    int64_t columns() const { return dims[columnAxis]; }
    int64_t rows() const {
        int64_t n = 1;
        for (size_t a = 0; a < dims.size(); ++a) n *= a == columnAxis ? 1 : dims[a];
        return n;
    }
};

/// The code after the accumulators of a layer (Conv, ConvTranspose, MatMul, pools, Reduce, LayerNorm, …): scale, bias,
/// epilogue program, rounding and stores to one or several outputs (`splits`), generated as "epilogue.cuh":
///
///   acc_t                                                   // float; double or an integer type where the layer has it
///   struct EpilogueParams { … };                            // by value, a kernel parameter (last by custom)
///   template <int V> void epilogue_apply(const EpilogueParams&, int row, int column, acc_t (&v)[V]);
///   template <int V> void epilogue_store(const EpilogueParams&, int row, int column, const acc_t (&v)[V]);
///   template <int V> void epilogue(const EpilogueParams&, int row, int column, acc_t (&v)[V]);  // apply, then store
///   void epilogue_prefetch(const EpilogueParams&, int row, int column);  // asks the second-level cache for even operands;
///                                                           // does something where SINTER_EPILOGUE_PREFETCHES is defined
///   result_t, epilogue_put(e, row, column, const result_t (&s)[V])  // where all outputs hold one type, SINTER_RESULT_BYTES wide (else 0):
///                                                           // stores what was rounded before
///   given_t, epilogue_apply_given(e, row, column, v, const given_t (&given)[V])  // where SINTER_GIVEN is defined: epilogue_apply with the
///                                                           // elements of the operand `given()`, which the kernel has read itself
///   SINTER_STORE_VECTOR: the widest V that stores as one access
///   SINTER_ROWS, SINTER_COLUMNS with Options::constantShape
///   the functions of epilogue_bytes.h and SINTER_EPILOGUE_BYTES with Options::bytes, where the layer has that form
///
/// Where Options::rowStatistics allows it and the layer reads statistics of rows (core/row_statistics.h), SINTER_EPILOGUE_ROWS is defined:
///
///   struct EpilogueRow;                                     // what the program takes of a row
///   EpilogueRow epilogue_row(const EpilogueParams&, int row, int part);  // by a pair of neighbouring lanes, part 0 and 1
///
/// epilogue_apply then takes an EpilogueRow as its last argument, and there is no `epilogue`. Where the layer writes statistics,
/// epilogue_store must be called by 32 / V neighbouring lanes with neighbouring runs of one row.
///
/// v holds V (a power of two) consecutive columns of one row: raw accumulators (integer products converted to float as
/// they are). Columns past the last are skipped; rows are the caller's to check.
class Epilogue {
public:
    /// An input addressed by (row, column) of the result, as one parameter of type EpilogueOperand; with
    /// epilogue_offset and epilogue_load (epilogue_base.cuh) kernels read operands of any strides and broadcasts.
    static void addOperand(Params& params, const TensorView& v, const ResultShape& shape);
    struct Options {
        int biasInput = -1;         ///< index of the layer's bias[columns], added first; -1 = none; absent inputs are ignored
        double alpha = 1;           ///< factor on the accumulators (MatMul's alpha, input scales of INT8)
        int scaleInput = -1;        ///< index of the input whose packed form ends in `columns` float factors (INT8 weights)
        uint64_t scaleOffset = 0;   ///< bytes from the packed constant's start to these factors
        bool constantShape = true;  ///< rows and columns as constants; false: one text for all shapes
        /// Outputs and operands of the result's own shape are stored in evenly spaced rows, aligned to SINTER_STORE_VECTOR
        /// elements, as describeEven asks: fewer instructions and loads that overlap. Needs constantShape.
        bool even = false;
        /// Asks for the short form of bytes (epilogue_bytes.h) too. Needs `even`.
        bool bytes = false;
        bool rowStatistics = false;  ///< the kernel keeps to what epilogues with statistics ask of it
    };
    /// Nothing when the program holds an operation or type that cannot be generated.
    static std::optional<Epilogue> of(const LayerDesc& layer, const ResultShape& shape, const Options& options);
    static std::optional<Epilogue> of(const LayerDesc& layer, const ResultShape& shape) { return of(layer, shape, Options{}); }

    const std::string& text() const { return text_; }
    /// Whether the text has the short form of Options::bytes.
    bool hasBytes() const { return bytes_; }
    /// The input that a kernel may bring itself: the only one of the result's own shape, of 16-bit floats like the outputs, in rows of
    /// 16-byte runs. Needs Options::even.
    std::optional<size_t> given() const { return given_; }
    /// Elements from one row of an even operand to the next.
    int64_t rowStep(const TensorView& operand) const;
    /// Appends EpilogueParams as one parameter.
    void addParams(Params& params, const KernelArgs& args) const;
    /// Fills in layouts and view rules of outputs, bias and program inputs, sizing `info` to the layer: outputs and
    /// residual operands in `layout` ("nhwc", "linear", or "" = any strides), with any views.
    static void describe(const LayerDesc& layer, TacticInfo& info, const std::string& layout);
    /// describe() with the rules that Options::even relies on; `vector`: columns that are accessed at once, at least
    /// SINTER_STORE_VECTOR.
    static void describeEven(const LayerDesc& layer, const ResultShape& shape, TacticInfo& info, const std::string& layout, size_t vector = 0);
    /// SINTER_STORE_VECTOR of a layer.
    static size_t storeVector(const LayerDesc& layer);

private:
    struct Operand {
        bool output = false;
        size_t index = 0;         ///< of args.inputs or args.outputs
        uint64_t offset = 0;      ///< bytes added to its address
        bool perColumn = false;   ///< a vector along the columns
        bool even = false;        ///< see Options::even
        bool dense = false;       ///< only its address is used
    };
    std::string text_;
    bool bytes_ = false;
    std::optional<size_t> given_;
    ResultShape shape_;
    std::vector<Operand> operands_;
};

}  // namespace sinter::cuda
