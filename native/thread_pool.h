// A few threads that share out small pieces of work, many thousand times a second.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "platform.h"

namespace qingmo {

// Work goes piece by piece to whoever is free. A run ends when every piece is done, not when every worker has come by:
// a worker whose core the system gave to something else costs nothing unless it holds a piece. One that is found
// holding a piece late, again and again, and costs more than it brings, is parked for a while and then tried again.
class ThreadPool {
   public:
    explicit ThreadPool(int threads);  // the caller of run() is one of them
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int threads() const { return int(workers_.size()) + 1; }

    // Calls work(piece, worker) once for each piece in [0, pieces), worker in [0, threads()); returns when all are done.
    // One run at a time. work must not throw, and no piece may depend on another of the same run.
    template <class Work>
    void run(int pieces, const Work& work) {
        run_erased(pieces, [](const void* w, int piece, int worker) { (*static_cast<const Work*>(w))(piece, worker); }, &work);
    }

    int64_t times_parked() const { return times_parked_; }  // for tests and reports

   private:
    using Call = void (*)(const void* work, int piece, int worker);

    struct alignas(64) Worker {
        std::atomic<uint32_t> holds{0};    // the run whose piece it is working on; 0: none
        std::atomic<bool> parked{false};
        std::atomic<bool> asleep{false};   // whoever turns it to false has to wake the worker, or is the worker
        Sleep sleep;
        std::atomic<int64_t> worked_ns{0};  // what it brought, and
        int64_t waited_ns = 0;              // what waiting for it cost; both forgotten bit by bit
        int late = 0;                       // runs that had to wait for it, likewise
        bool is_late = false;               // in the run at hand
        int64_t parked_until = 0, parked_for = 0;
        std::thread thread;
    };

    void run_erased(int pieces, Call call, const void* work);
    bool work_off(uint32_t run, int worker);
    void worker_loop(int index);
    bool is_called(const Worker& worker, uint32_t seen) const;
    void sleep_until_called(Worker& worker, uint32_t seen);
    void wake_sleepers();
    void wait_for_stragglers(uint32_t run);
    void find_late_workers(uint32_t run);
    void blame_late_workers(int64_t waited_ns);
    void forget_a_half();
    void unpark_when_due();

    // Run number in the upper half, pieces not yet taken in the lower: a worker that wakes up late cannot take a
    // piece of a run it does not know.
    std::atomic<uint64_t> ticket_{0};
    alignas(64) std::atomic<int> unfinished_{0};
    Call call_ = nullptr;
    const void* work_ = nullptr;
    int pieces_ = 0;

    std::vector<std::unique_ptr<Worker>> workers_;
    int parked_count_ = 0;
    int64_t times_parked_ = 0;

    std::atomic<int> sleepers_{0};
    std::atomic<bool> stopping_{false};
};

}  // namespace qingmo
