/* Runs the sample engine of test/native/core/sample_engine.h through the C ABI and checks every number.
 * Usage: sinter_capi_test ENGINE DAMAGED_ENGINE ENGINE_WITH_TWO_PROFILES. Exit code 0 when everything held. */
#include <sinter/sinter.h>
#include <stdio.h>
#include <string.h>

static int failures = 0;

static void check(int holds, const char* what) {
    if (holds) return;
    fprintf(stderr, "does not hold: %s (last error: %s)\n", what, sinter_last_error());
    ++failures;
}
#define CHECK(condition) check((condition), #condition)

static int same(const float* got, const float* want, size_t n) {
    size_t i;
    for (i = 0; i < n; ++i) {
        if (got[i] != want[i]) return 0;
    }
    return 1;
}

static void runs(sinter_context* context) {
    static const float x[8] = {1, -2, 3, -4, 1, 1, 1, 1};
    static const float both[16] = {4, 0, 12, 0, 1, 0, 3, 0, 4, 6, 8, 10, 1, 1, 1, 1};
    static const float sum[8] = {5, 0, 15, 0, 5, 7, 9, 11};
    const int64_t dims[2] = {2, 4};
    const int64_t wrong[2] = {2, 5};
    float mine[8] = {0};
    double total[3] = {-1, -1, -1};
    double layers[9];
    sinter_tensor t;

    CHECK(sinter_context_run(context) == SINTER_ERROR_ARGUMENT);
    CHECK(strcmp(sinter_last_error(), "input \"x\" is not set") == 0);
    CHECK(sinter_context_set_input(context, 0, wrong, 2, x) == SINTER_OK);
    CHECK(sinter_context_run(context) == SINTER_ERROR_SHAPE);
    CHECK(sinter_context_output(context, 0, &t) == SINTER_ERROR_ARGUMENT);
    CHECK(sinter_context_set_input(context, 0, dims, 2, x) == SINTER_OK);
    CHECK(sinter_context_set_output(context, 1, mine, 4) == SINTER_OK);
    CHECK(sinter_context_run(context) == SINTER_ERROR_ARGUMENT); /* 4 bytes are not enough */
    CHECK(sinter_context_set_output(context, 1, mine, sizeof mine) == SINTER_OK);
    CHECK(sinter_context_run(context) == SINTER_OK);
    CHECK(sinter_context_output(context, 0, &t) == SINTER_OK);
    CHECK(t.dtype == SINTER_FLOAT32 && t.rank == 2 && t.dims[0] == 2 && t.dims[1] == 8 && t.bytes == sizeof both);
    CHECK(same((const float*)t.data, both, 16));
    CHECK(same(mine, sum, 8));
    CHECK(sinter_context_output(context, 2, &t) == SINTER_OK && same((const float*)t.data, x, 8));
    CHECK(sinter_context_output(context, 3, &t) == SINTER_ERROR_ARGUMENT);
    CHECK(sinter_context_profile(context, 1, 3, total, layers) == SINTER_OK);
    CHECK(total[0] >= 0 && total[2] >= 0 && layers[8] >= 0);
}

/* An engine that was built for N = 1 … 8 and, as another optimization profile, for 4 … 64. */
static void profiles(const char* path) {
    static float x[64 * 4];
    const int64_t dims[2] = {12, 4};
    const int64_t small[2] = {2, 4};
    sinter_engine* engine = NULL;
    sinter_context* any = NULL;
    sinter_context* second = NULL;
    sinter_profile_shapes shapes;
    CHECK(sinter_engine_load(path, &engine) == SINTER_OK);
    if (!engine) return;
    CHECK(sinter_engine_profile_count(engine) == 2);
    CHECK(sinter_engine_profile_input(engine, 1, 0, &shapes) == SINTER_OK && shapes.rank == 2);
    CHECK(shapes.min[0] == 4 && shapes.opt[0] == 16 && shapes.max[0] == 64 && shapes.max[1] == 4);
    CHECK(sinter_engine_profile_input(engine, 2, 0, &shapes) == SINTER_ERROR_ARGUMENT);
    CHECK(sinter_context_create(engine, 1, &any) == SINTER_OK);
    CHECK(sinter_context_create_for_profile(engine, 1, 2, &second) == SINTER_ERROR_ARGUMENT && second == NULL);
    CHECK(sinter_context_create_for_profile(engine, 1, 1, &second) == SINTER_OK);
    sinter_engine_free(engine);
    CHECK(sinter_context_set_input(any, 0, dims, 2, x) == SINTER_OK && sinter_context_run(any) == SINTER_OK);
    CHECK(sinter_context_profile_index(any) == 1 && sinter_context_layer_count(any) == 3);
    CHECK(strcmp(sinter_context_layer_name(any, 2), "add halves") == 0 && sinter_context_layer_tactic(any, 3) == NULL);
    CHECK(sinter_context_set_input(any, 0, small, 2, x) == SINTER_OK && sinter_context_run(any) == SINTER_OK);
    CHECK(sinter_context_profile_index(any) == 0);
    CHECK(sinter_context_set_input(second, 0, small, 2, x) == SINTER_OK && sinter_context_run(second) == SINTER_ERROR_SHAPE);
    CHECK(strcmp(sinter_last_error(), "input \"x\" is 2×4: its dimension 0 (\"N\") is 2, the engine was built for 4 to 64 in profile 1") == 0);
    sinter_context_free(any);
    sinter_context_free(second);
}

int main(int argc, char** argv) {
    sinter_engine* engine = NULL;
    sinter_engine* damaged = NULL;
    sinter_context* context = NULL;
    sinter_binding b;
    if (argc != 4) return 2;
    CHECK(sinter_engine_load(argv[2], &damaged) == SINTER_ERROR_CORRUPT && damaged == NULL);
    CHECK(sinter_engine_load("/no/such/file", &damaged) == SINTER_ERROR_IO);
    CHECK(sinter_engine_load(NULL, &damaged) == SINTER_ERROR_ARGUMENT);
    CHECK(sinter_engine_load(argv[1], &engine) == SINTER_OK);
    if (!engine) return 1;
    CHECK(sinter_engine_verify(engine) == SINTER_OK);
    CHECK(sinter_engine_input_count(engine) == 1 && sinter_engine_output_count(engine) == 3);
    CHECK(sinter_engine_input(engine, 0, &b) == SINTER_OK && strcmp(b.name, "x") == 0 && b.rank == 2 && b.dims[0] == -1 && b.dims[1] == 4);
    CHECK(sinter_engine_output(engine, 9, &b) == SINTER_ERROR_ARGUMENT);
    CHECK(sinter_engine_layer_count(engine) == 3 && strcmp(sinter_engine_layer_name(engine, 1), "relu") == 0);
    CHECK(sinter_engine_layer_name(engine, 3) == NULL);
    CHECK(sinter_context_create(engine, 2, &context) == SINTER_OK);
    sinter_engine_free(engine); /* the context keeps what it needs */
    if (context) runs(context);
    sinter_context_free(context);
    sinter_context_free(NULL);
    profiles(argv[3]);
    return failures ? 1 : 0;
}
