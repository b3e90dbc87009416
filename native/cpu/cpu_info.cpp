#include "cpu/cpu_info.h"

#include <cpuid.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <thread>

#include "cpu/matmul/gemm_kernels.h"
#include "cpu/matmul/split_kernels.h"

namespace sinter {
namespace {

std::string brand() {
    uint32_t a = 0, b = 0, c = 0, d = 0;
    if (!__get_cpuid(0x80000000U, &a, &b, &c, &d) || a < 0x80000004U) return "x86-64 processor";
    std::array<uint32_t, 12> words{};
    for (uint32_t i = 0; i < 3; ++i) {
        __get_cpuid(0x80000002U + i, &words[i * 4], &words[i * 4 + 1], &words[i * 4 + 2], &words[i * 4 + 3]);
    }
    std::array<char, sizeof words + 1> text{};
    std::memcpy(text.data(), words.data(), sizeof words);
    std::string name = text.data();
    const size_t first = name.find_first_not_of(' ');
    if (first == std::string::npos) return "x86-64 processor";
    return name.substr(first, name.find_last_not_of(' ') - first + 1);
}

/// Cores this process may run on: containers and taskset narrow them.
int usableCores() {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
    return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

}  // namespace

DeviceInfo cpuInfo() {
    DeviceInfo info;
    info.id = "cpu";
    info.kind = "cpu";
    info.name = brand();
    info.cores = usableCores();
    const Isa isa = detectIsa();
    for (const Isa level : {Isa::Avx2, Isa::Avx512, Isa::Avx512Vnni}) {
        if (level <= isa) info.features.emplace_back(isaName(level));
    }
    if (gemm::pairsAvailable()) info.features.emplace_back("bf16");
    if (gemm::splitAvailable()) info.features.emplace_back("amx");
    if (isa == Isa::Scalar) {
        info.notes.emplace_back("This processor lacks AVX2 or FMA: every layer runs on the scalar reference kernels, many times slower.");
    } else if (isa == Isa::Avx2) {
        info.notes.emplace_back("This processor lacks AVX-512: vector kernels work on 8 numbers at a time instead of 16.");
    } else if (isa == Isa::Avx512) {
        info.notes.emplace_back("This processor lacks AVX-512 VNNI: INT8 layers gain less over FP32.");
    }
    return info;
}

}  // namespace sinter
