/* The stand-alone runtime: loads a .sinter engine and runs it, without Node and without the studio.
 *
 *   sinter_engine* engine; sinter_context* context; sinter_tensor y;
 *   if (sinter_engine_load("model.sinter", &engine) != SINTER_OK) puts(sinter_last_error());
 *   sinter_context_create(engine, 4, &context);
 *   sinter_context_set_input(context, 0, dims, 4, pixels);
 *   sinter_context_run(context);
 *   sinter_context_output(context, 0, &y);
 *
 * Tensors are dense and row-major. Engines are immutable and may be shared between threads; a context belongs to one
 * thread at a time. Every function that can fail returns a status; sinter_last_error() then holds one sentence, per
 * thread, until the next failure. */
#ifndef SINTER_SINTER_H
#define SINTER_SINTER_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define SINTER_API __attribute__((visibility("default")))
#else
#define SINTER_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define SINTER_MAX_RANK 8

typedef struct sinter_engine sinter_engine;
typedef struct sinter_context sinter_context;

typedef enum sinter_status {
    SINTER_OK = 0,
    SINTER_ERROR_ARGUMENT = 1,  /* the call itself is wrong */
    SINTER_ERROR_IO = 2,        /* a file cannot be read */
    SINTER_ERROR_FORMAT = 3,    /* not an engine file, or of another format version */
    SINTER_ERROR_TRUNCATED = 4, /* shorter than it says */
    SINTER_ERROR_CORRUPT = 5,   /* checksum or structure does not hold */
    SINTER_ERROR_FEATURE = 6,   /* needs a feature that this runtime does not know */
    SINTER_ERROR_DEVICE = 7,    /* needs a device or an instruction set that is not here */
    SINTER_ERROR_SHAPE = 8,     /* a shape does not fit */
    SINTER_ERROR_TYPE = 9,      /* an element type does not fit */
    SINTER_ERROR_KERNEL = 10,   /* a layer failed or has no kernel: see sinter_last_error_layer() */
    SINTER_ERROR_MEMORY = 11,
    SINTER_ERROR_STOPPED = 12,
    SINTER_ERROR_INTERNAL = 13
} sinter_status;

/* Element types: the numbers of onnx.TensorProto.DataType. types of 2 and 4 bits take a byte per element here. */
typedef enum sinter_dtype {
    SINTER_UNDEFINED = 0, SINTER_FLOAT32 = 1, SINTER_UINT8 = 2, SINTER_INT8 = 3, SINTER_UINT16 = 4, SINTER_INT16 = 5,
    SINTER_INT32 = 6, SINTER_INT64 = 7, SINTER_BOOL = 9, SINTER_FLOAT16 = 10, SINTER_FLOAT64 = 11, SINTER_UINT32 = 12,
    SINTER_UINT64 = 13, SINTER_BFLOAT16 = 16, SINTER_FLOAT8E4M3FN = 17, SINTER_FLOAT8E4M3FNUZ = 18,
    SINTER_FLOAT8E5M2 = 19, SINTER_FLOAT8E5M2FNUZ = 20, SINTER_UINT4 = 21, SINTER_INT4 = 22,
    SINTER_FLOAT4E2M1 = 23, SINTER_FLOAT8E8M0 = 24, SINTER_UINT2 = 25, SINTER_INT2 = 26
} sinter_dtype;

/* An input or output as the engine declares it. A dimension that depends on the inputs' shapes is -1. */
typedef struct sinter_binding {
    const char* name; /* lives as long as the engine */
    sinter_dtype dtype;
    size_t rank;
    int64_t dims[SINTER_MAX_RANK];
} sinter_binding;

/* A result. `data` belongs to the context and holds until its next run, or is the caller's own (set_output). */
typedef struct sinter_tensor {
    sinter_dtype dtype;
    size_t rank;
    int64_t dims[SINTER_MAX_RANK];
    void* data;
    size_t bytes;
} sinter_tensor;

SINTER_API const char* sinter_version(void);
/* The last failure of this thread, and the layer it names ("" when none). */
SINTER_API const char* sinter_last_error(void);
SINTER_API const char* sinter_last_error_layer(void);

/* Maps and checks the file. Free with sinter_engine_free; contexts keep what they need alive. */
SINTER_API sinter_status sinter_engine_load(const char* path, sinter_engine** engine);
SINTER_API void sinter_engine_free(sinter_engine* engine);
/* Compares the weights with their checksum: reads all of them. */
SINTER_API sinter_status sinter_engine_verify(const sinter_engine* engine);

SINTER_API size_t sinter_engine_input_count(const sinter_engine* engine);
SINTER_API size_t sinter_engine_output_count(const sinter_engine* engine);
SINTER_API sinter_status sinter_engine_input(const sinter_engine* engine, size_t index, sinter_binding* binding);
SINTER_API sinter_status sinter_engine_output(const sinter_engine* engine, size_t index, sinter_binding* binding);
/* Optimization profiles: sizes of the open dimensions that the engine was built for. A run takes the profile that fits its
 * shapes best, unless the context was created for one. */
SINTER_API size_t sinter_engine_profile_count(const sinter_engine* engine);
/* The shapes of an input in a profile: the least, the one that kernels were chosen at, and the largest. */
typedef struct sinter_profile_shapes {
    size_t rank;
    int64_t min[SINTER_MAX_RANK], opt[SINTER_MAX_RANK], max[SINTER_MAX_RANK];
} sinter_profile_shapes;
SINTER_API sinter_status sinter_engine_profile_input(const sinter_engine* engine, size_t profile, size_t input,
                                                     sinter_profile_shapes* shapes);
/* Layers of the first profile; those of the profile that a context runs: sinter_context_layer_count. */
SINTER_API size_t sinter_engine_layer_count(const sinter_engine* engine);
/* Names live as long as the engine; NULL when out of range. */
SINTER_API const char* sinter_engine_layer_name(const sinter_engine* engine, size_t index);
SINTER_API const char* sinter_engine_layer_tactic(const sinter_engine* engine, size_t index);

/* threads = 0: the count that the engine was built for. */
SINTER_API sinter_status sinter_context_create(const sinter_engine* engine, size_t threads, sinter_context** context);
/* The same for one optimization profile: it takes only its shapes, and needs no more memory than they do. */
SINTER_API sinter_status sinter_context_create_for_profile(const sinter_engine* engine, size_t threads, size_t profile,
                                                           sinter_context** context);
SINTER_API void sinter_context_free(sinter_context* context);
/* The profile of the last run, and its layers. Names live as long as the engine; NULL when out of range. */
SINTER_API size_t sinter_context_profile_index(const sinter_context* context);
SINTER_API size_t sinter_context_layer_count(const sinter_context* context);
SINTER_API const char* sinter_context_layer_name(const sinter_context* context, size_t index);
SINTER_API const char* sinter_context_layer_tactic(const sinter_context* context, size_t index);

/* Shape and memory of an input. `data` is borrowed: it must hold the tensor whenever the context runs. */
SINTER_API sinter_status sinter_context_set_input(sinter_context* context, size_t index, const int64_t* dims, size_t rank,
                                                  const void* data);
/* Makes runs write an output into the caller's memory; NULL goes back to the context's own. `bytes` is its size. */
SINTER_API sinter_status sinter_context_set_output(sinter_context* context, size_t index, void* data, size_t bytes);
SINTER_API sinter_status sinter_context_run(sinter_context* context);
/* Type, shape and memory of an output after a run. */
SINTER_API sinter_status sinter_context_output(const sinter_context* context, size_t index, sinter_tensor* tensor);

/* Runs the set inputs `warmup` + 2 * `iterations` times. `total` takes `iterations` numbers, nanoseconds of whole runs
 * without layer timers; `layers` (may be NULL) takes layer count * iterations numbers, layer by layer; the layer count is
 * that of the profile that the shapes take (sinter_context_layer_count after a run at them). */
SINTER_API sinter_status sinter_context_profile(sinter_context* context, size_t warmup, size_t iterations, double* total,
                                                double* layers);

#ifdef __cplusplus
}
#endif
#endif
