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
// a worker whose core the system gave to something else costs nothing unless it holds a piece. A piece of a run_in_steps is
// then taken from it. One that is found holding a piece late, again and again, and costs more than it brings, is parked
// for a while and then tried again.
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
        Steps steps;
        steps.commit = [](const void* w, int piece, int worker) { (*static_cast<const Work*>(w))(piece, worker); };
        run_erased(pieces, steps, &work);
    }

    // The same in three steps, so that a run need not wait for a worker that has lost its core. prepare(piece, worker) puts
    // what the piece needs where no other worker and no later run writes, and returns it; compute(that) reads nothing else
    // that ever changes, and writes there alone; commit(piece, worker) makes what it found known. Where a worker stays
    // longer in `compute` than it should, the caller does the piece anew, as worker 0, and what that worker finds is
    // dropped: it may still be at it when later runs begin, so before its memory goes, settle().
    template <class Prepare, class Commit>
    void run_in_steps(int pieces, const Prepare& prepare, void (*compute)(void*), const Commit& commit) {
        struct Work {
            const Prepare& prepare;
            const Commit& commit;
        } const work{prepare, commit};
        run_erased(pieces,
                   {[](const void* w, int piece, int worker) -> void* { return static_cast<const Work*>(w)->prepare(piece, worker); }, compute,
                    [](const void* w, int piece, int worker) { static_cast<const Work*>(w)->commit(piece, worker); }},
                   &work);
    }

    void settle() const;  // returns when no worker is at a piece any more

    int64_t times_parked() const { return times_parked_; }  // for tests and reports, like
    int64_t pieces_taken() const { return pieces_taken_; }  // those that were done in a late worker's stead

   private:
    struct Steps {  // of a piece; the first two null where there is one step alone
        void* (*prepare)(const void* work, int piece, int worker) = nullptr;
        void (*compute)(void* prepared) = nullptr;
        void (*commit)(const void* work, int piece, int worker) = nullptr;
    };

    struct alignas(64) Worker {
        std::atomic<uint32_t> holds{0};    // the run whose piece it is working on; 0: none
        std::atomic<uint64_t> computes{0}; // run and piece while they may be taken from it; whoever turns it to 0 has the piece
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

    void run_erased(int pieces, const Steps& steps, const void* work);
    int work_off(uint32_t run, int worker);
    bool do_piece(uint32_t run, int piece, int worker);
    void worker_loop(int index);
    void leave_callers_core() const;
    bool is_called(const Worker& worker, uint32_t seen) const;
    void sleep_until_called(Worker& worker, uint32_t seen);
    void wake_sleepers();
    void wait_for_stragglers(uint32_t run, int64_t patience_ns);
    void take_from_late_workers(uint32_t run);
    void find_late_workers(uint32_t run);
    void blame_late_workers(int64_t waited_ns);
    void forget_a_half();
    void unpark_when_due();

    // Run number in the upper half, pieces not yet taken in the lower: a worker that wakes up late cannot take a
    // piece of a run it does not know.
    std::atomic<uint64_t> ticket_{0};
    alignas(64) std::atomic<int> unfinished_{0};
    Steps steps_;
    const void* work_ = nullptr;
    int pieces_ = 0;
    std::atomic<int> callers_core_{-1};

    std::vector<std::unique_ptr<Worker>> workers_;
    int parked_count_ = 0;
    int64_t times_parked_ = 0, pieces_taken_ = 0;

    std::atomic<int> sleepers_{0};
    std::atomic<bool> stopping_{false};
};

}  // namespace qingmo
