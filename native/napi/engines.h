#pragma once
#include <napi.h>

namespace sinter::addon {

/// Adds loadEngine, engineInfo, createContext, runContext, profileContext, disposeEngine, disposeContext.
void exportEngines(Napi::Env env, Napi::Object exports);

}  // namespace sinter::addon
