#pragma once
#include <napi.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "napi/convert.h"

namespace sinter::addon {

/// Progress from a worker thread to a JavaScript function, at most every 40 ms; what is not yet delivered is replaced.
class ProgressReporter {
public:
    ProgressReporter() = default;
    ProgressReporter(Napi::Env env, const Napi::Value& callback) {
        if (!callback.IsFunction()) return;
        function_ = Napi::ThreadSafeFunction::New(env, callback.As<Napi::Function>(), "sinter progress", 2, 1);
    }
    ~ProgressReporter() {
        if (function_) function_->Release();
    }
    ProgressReporter(const ProgressReporter&) = delete;
    ProgressReporter& operator=(const ProgressReporter&) = delete;

    void report(double done, double total) {
        const auto now = Clock::now();
        if (!function_ || (done < total && now - last_ < std::chrono::milliseconds(40))) return;
        last_ = now;
        function_->NonBlockingCall([done, total](Napi::Env env, Napi::Function f) {
            f.Call({Napi::Number::New(env, done), Napi::Number::New(env, total)});
        });
    }

private:
    using Clock = std::chrono::steady_clock;
    std::optional<Napi::ThreadSafeFunction> function_;
    Clock::time_point last_{};
};

/// Work on a pool thread whose result becomes a promise: `work` runs there, `result` back on the JavaScript thread.
class Task final : public Napi::AsyncWorker {
public:
    using Work = std::function<void()>;
    using Result = std::function<Napi::Value(Napi::Env)>;

    static Napi::Value start(Napi::Env env, Work work, Result result) {
        auto* task = new Task(env, std::move(work), std::move(result));  // AsyncWorker deletes itself when done
        task->Queue();
        return task->deferred_.Promise();
    }

    void Execute() override {
        try {
            work_();
        } catch (...) {
            failure_ = Failure::current();
        }
        work_ = nullptr;
    }
    void OnOK() override {
        const Napi::HandleScope scope(Env());
        Napi::Value value;
        if (!failure_) {
            try {
                value = result_(Env());
            } catch (const Napi::Error& e) {
                failure_ = Failure{e.Message(), "internal", ""};
            } catch (...) {
                failure_ = Failure::current();
            }
        }
        result_ = nullptr;  // lets go of what the call held before anyone hears that it is over
        if (failure_) deferred_.Reject(failure_->toError(Env()).Value());
        else deferred_.Resolve(value);
    }

private:
    Task(Napi::Env env, Work work, Result result)
        : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), work_(std::move(work)), result_(std::move(result)) {}
    Napi::Promise::Deferred deferred_;
    Work work_;
    Result result_;
    std::optional<Failure> failure_;
};

/// A C++ object in JavaScript's hands. Taking it after `drop` is an error.
template <typename T>
class Handle {
public:
    static Napi::Value make(Napi::Env env, std::shared_ptr<T> object) {
        return Napi::External<std::shared_ptr<T>>::New(env, new std::shared_ptr<T>(std::move(object)),
                                                       [](Napi::Env, std::shared_ptr<T>* p) { delete p; });
    }
    static std::shared_ptr<T> take(const Napi::Value& v, const char* what) {
        if (!v.IsExternal()) throw Error(ErrorCode::Argument, std::string(what) + " is not a handle");
        auto held = *v.As<Napi::External<std::shared_ptr<T>>>().Data();
        if (!held) throw Error(ErrorCode::Argument, std::string(what) + " was disposed of");
        return held;
    }
    static void drop(const Napi::Value& v) {
        if (v.IsExternal()) v.As<Napi::External<std::shared_ptr<T>>>().Data()->reset();
    }
};

}  // namespace sinter::addon
