// Faults: what a kernel finds wrong with the contents of its inputs. The run ends with an error that names the layer.
#pragma once
#include "prelude.cuh"

struct FaultRecord {
    int reported, layer;
    int64_t value, limit;
};
struct Fault {
    FaultRecord* record;  ///< null = nobody listens
    int layer;
};

/// The first fault of a run is kept; which one is first is the device's choice.
SINTER_DEVICE void report_fault(const Fault& f, int64_t value, int64_t limit) {
    if (!f.record || atomicCAS(&f.record->reported, 0, 1) != 0) return;
    f.record->layer = f.layer;
    f.record->value = value;
    f.record->limit = limit;
}

/// Index of an axis of n elements, counted from the end when negative; the nearest one after a fault.
SINTER_DEVICE int64_t checked_index(const Fault& f, int64_t i, int64_t n) {
    if (i < -n || i >= n) {
        report_fault(f, i, n);
        return i < 0 ? 0 : n > 0 ? n - 1 : 0;
    }
    return i < 0 ? i + n : i;
}
