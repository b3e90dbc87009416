#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cuda/kernel.h"

namespace sinter::cuda {

/// Operands of EpilogueParams as the short form of an epilogue uses them; -1: there is none.
struct ByteOperands {
    int scale = -1;              ///< factors per column
    int bias = -1;               ///< float32 per column
    double alpha = 1;            ///< factor on all sums
    std::vector<int> residuals;  ///< per further input of the program
    int output = -1;
};

/// The short form of an epilogue that adds quantized bytes of the result's own shape to scaled sums, clamps, and stores
/// bytes (docs/cuda-kernels.md, "Epilogues of bytes"). The text defines, beside SINTER_EPILOGUE_RESIDUALS (their number):
///
///   struct EpilogueColumns { float factor[4], start[4]; };
///   void epilogue_columns(const EpilogueParams&, int column, EpilogueColumns&);                                      // of four columns
///   uint32_t epilogue_word(const EpilogueColumns&, const float (&sums)[4], const uint32_t (&residuals)[…]);          // four results
///   template <int V> void epilogue_residuals(const EpilogueParams&, int row, int column, uint32_t (&)[…][V / 4]);
///   template <int V> void epilogue_store_words(const EpilogueParams&, int row, int column, const uint32_t (&)[V / 4]);
///
/// for V (4, 8, 16) consecutive columns that start at a multiple of V, of an output and residuals stored in even rows
/// (Epilogue::Options::even). Nothing when the layer is of another kind.
std::optional<std::string> byteEpilogue(const LayerDesc& layer, const ByteOperands& operands);

}  // namespace sinter::cuda
