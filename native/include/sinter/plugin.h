/* The C ABI of a plugin: a user's own operator, run by every Sinter runtime that finds the plugin registered.
 *
 * A plugin is a shared library that exports sinter_plugin_entry() and a plugin.json that describes the operator
 * (docs/plugins.md). The library holds no types or shapes: it is called with tensors whose shapes the manifest's
 * expressions have already decided. Plain C: a plugin may be written in anything that makes such a library. */
#ifndef SINTER_PLUGIN_H
#define SINTER_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of this interface. A runtime refuses a library that was compiled against another one. */
#define SINTER_PLUGIN_ABI 1

#if defined(_WIN32)
#define SINTER_PLUGIN_EXPORT __declspec(dllexport)
#else
#define SINTER_PLUGIN_EXPORT __attribute__((visibility("default")))
#endif

/* Element types, numbered as onnx.TensorProto.DataType. */
enum {
    SINTER_PLUGIN_ABSENT = 0, /* an optional input that the model leaves out: data is NULL */
    SINTER_PLUGIN_FLOAT32 = 1,
    SINTER_PLUGIN_UINT8 = 2,
    SINTER_PLUGIN_INT8 = 3,
    SINTER_PLUGIN_INT32 = 6,
    SINTER_PLUGIN_INT64 = 7,
    SINTER_PLUGIN_BOOL = 9,
    SINTER_PLUGIN_FLOAT64 = 11
};

/* A tensor in host memory. Dense and row-major: strides, in elements, say the same as dims. */
typedef struct sinter_plugin_tensor {
    void* data;
    const int64_t* dims;
    const int64_t* strides;
    int32_t rank;
    int32_t dtype;
} sinter_plugin_tensor;

/* One execution. Everything is valid until run() returns; inputs must not be written to, outputs must be filled. */
typedef struct sinter_plugin_call sinter_plugin_call;
struct sinter_plugin_call {
    size_t size; /* of this struct: later versions only add at the end */
    const sinter_plugin_tensor* inputs;
    const sinter_plugin_tensor* outputs;
    int32_t input_count;
    int32_t output_count;
    int32_t threads; /* that parallel() may use */

    /* Attributes of the operator, by the names of the manifest; `fallback` where there is none of that name and type. */
    int64_t (*int_attr)(const sinter_plugin_call* call, const char* name, int64_t fallback);
    double (*float_attr)(const sinter_plugin_call* call, const char* name, double fallback);
    const char* (*string_attr)(const sinter_plugin_call* call, const char* name, const char* fallback);
    /* Lists: the elements and their count; NULL and 0 where there is no such list. */
    const int64_t* (*ints_attr)(const sinter_plugin_call* call, const char* name, size_t* count);
    const double* (*floats_attr)(const sinter_plugin_call* call, const char* name, size_t* count);

    /* Calls body over parts of [0, count) on the engine's own threads, each at least `grain` long; returns when all are
     * done. Do not start threads of your own: engines promise the thread count they were given. */
    void (*parallel)(const sinter_plugin_call* call, int64_t count, int64_t grain,
                     void (*body)(void* user, int64_t begin, int64_t end), void* user);

    const void* runtime; /* the runtime's own */
};

/* What the library offers. Static: it is read when the library is loaded and never freed. */
typedef struct sinter_plugin {
    int32_t abi;         /* SINTER_PLUGIN_ABI */
    const char* name;    /* as in plugin.json */
    const char* version; /* as in plugin.json */
    /* Computes the outputs. NULL when done; else one sentence of static storage, which becomes the layer's error. May be
     * called from several threads at once for different calls; must not throw. */
    const char* (*run)(const sinter_plugin_call* call);
} sinter_plugin;

/* The one function that a plugin exports. */
SINTER_PLUGIN_EXPORT const sinter_plugin* sinter_plugin_entry(void);

#ifdef __cplusplus
}
#endif
#endif
