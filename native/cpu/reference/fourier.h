#pragma once
#include <complex>
#include <vector>

namespace sinter::ref {

/// Discrete Fourier transform in place, of any length: the prime factors of it one after the other. The inverse divides by
/// the length.
void fourier(std::vector<std::complex<double>>& line, bool inverse);

}  // namespace sinter::ref
