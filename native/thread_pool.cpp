#include "thread_pool.h"

namespace qingmo {

namespace {

// Long enough to bridge what Python does between two steps of a decode (some 100 us), short enough that an idle
// engine costs nothing.
constexpr int64_t kSpinNs = 300'000;
// Pieces are cut to 50 us or less, so who is waited for this long has lost its core.
constexpr int64_t kLateNs = 400'000;
constexpr int kLateRunsToPark = 3;
constexpr int kRunsToForget = 256;  // about two tokens' runs: a core lost once in a while is no reason to park
constexpr int64_t kFirstParkNs = 20'000'000, kLongestParkNs = 640'000'000;

uint32_t run_of(uint64_t ticket) { return uint32_t(ticket >> 32); }

uint64_t in_run(uint32_t run, int number) { return uint64_t(run) << 32 | uint32_t(number); }

}  // namespace

ThreadPool::ThreadPool(int threads) {
    for (int i = 1; i < threads; ++i) workers_.push_back(std::make_unique<Worker>());
    for (int i = 1; i < threads; ++i) workers_[i - 1]->thread = std::thread([this, i] { worker_loop(i); });
}

ThreadPool::~ThreadPool() {
    for (auto& worker : workers_) worker->parked = false;
    stopping_ = true;
    wake_sleepers();
    for (auto& worker : workers_) worker->thread.join();
}

void ThreadPool::settle() const {
    for (const auto& worker : workers_)
        while (worker->holds.load(std::memory_order_acquire)) yield_processor();
}

void ThreadPool::run_erased(int pieces, const Steps& steps, const void* work) {
    if (pieces <= 0) return;
    steps_ = steps;
    work_ = work;
    if (pieces == 1 || workers_.empty()) {
        for (int i = 0; i < pieces; ++i) do_piece(0, i, 0);
        return;
    }
    if (parked_count_) unpark_when_due();
    callers_core_.store(current_core(), std::memory_order_relaxed);
    pieces_ = pieces;
    unfinished_.store(pieces, std::memory_order_relaxed);
    uint32_t run = run_of(ticket_.load(std::memory_order_relaxed)) + 1;
    if (run == 0) run = 1;
    ticket_.store(in_run(run, pieces), std::memory_order_seq_cst);
    if (sleepers_.load(std::memory_order_seq_cst)) wake_sleepers();
    const int64_t begin = now_ns();
    const int taken = work_off(run, 0);
    if (unfinished_.load(std::memory_order_acquire)) wait_for_stragglers(run, taken ? 2 * (now_ns() - begin) / taken : kLateNs);
    if (run % kRunsToForget == 0) forget_a_half();
}

// Takes pieces of `run` until none is left, or one is taken from the worker; returns how many it took.
int ThreadPool::work_off(uint32_t run, int worker) {
    int taken = 0;
    uint64_t ticket = ticket_.load(std::memory_order_acquire);
    while (run_of(ticket) == run && uint32_t(ticket) > 0) {
        if (!ticket_.compare_exchange_weak(ticket, ticket - 1, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
        ++taken;
        if (!do_piece(run, pieces_ - int(uint32_t(ticket)), worker)) break;
        unfinished_.fetch_sub(1, std::memory_order_release);
        ticket = ticket_.load(std::memory_order_acquire);
    }
    return taken;
}

// False where the piece was taken from the worker: then the run may be over, and nothing of it is there any more.
bool ThreadPool::do_piece(uint32_t run, int piece, int worker) {
    const Steps steps = steps_;
    const void* work = work_;
    if (steps.compute) {
        void* prepared = steps.prepare(work, piece, worker);
        if (worker == 0) {
            steps.compute(prepared);
        } else {
            std::atomic<uint64_t>& computes = workers_[worker - 1]->computes;
            uint64_t mine = in_run(run, piece);
            computes.store(mine, std::memory_order_release);
            steps.compute(prepared);
            if (!computes.compare_exchange_strong(mine, 0, std::memory_order_acq_rel)) return false;
        }
    }
    steps.commit(work, piece, worker);
    return true;
}

void ThreadPool::worker_loop(int index) {
    Worker& self = *workers_[index - 1];
    uint32_t seen = 0;
    int64_t spin_until = now_ns() + kSpinNs;
    while (!stopping_.load(std::memory_order_relaxed)) {
        const uint32_t run = run_of(ticket_.load(std::memory_order_acquire));
        const bool parked = self.parked.load(std::memory_order_acquire);
        if (run != seen && !parked) {
            seen = run;
            leave_callers_core();
            self.holds.store(run, std::memory_order_release);
            const int64_t begin = now_ns();
            const int taken = work_off(run, index);
            const int64_t end = now_ns();
            self.holds.store(0, std::memory_order_release);
            if (taken) {
                self.worked_ns.fetch_add(end - begin, std::memory_order_relaxed);
                spin_until = end + kSpinNs;
            }
            continue;
        }
        if (!parked && now_ns() < spin_until) {
            for (int i = 0; i < 16; ++i) spin_pause();
            continue;
        }
        sleep_until_called(self, seen);
        spin_until = now_ns() + kSpinNs;
    }
}

// The system wakes a worker on the core of whoever wakes it, and leaves it there where another program keeps the other one
// busy: then caller and worker take turns, and each waits for the other.
void ThreadPool::leave_callers_core() const {
    const int core = callers_core_.load(std::memory_order_relaxed);
    if (core >= 0 && core == current_core()) leave_core(core);
}

// Everything here is sequentially consistent: either the worker sees the new run after it has said that it sleeps, or
// the caller sees the sleeper after it has published the run.
bool ThreadPool::is_called(const Worker& worker, uint32_t seen) const {
    return stopping_ || (!worker.parked && run_of(ticket_) != seen);
}

void ThreadPool::sleep_until_called(Worker& self, uint32_t seen) {
    ++sleepers_;
    self.asleep = true;
    if (!is_called(self, seen) || !self.asleep.exchange(false)) self.sleep.until_woken();
    --sleepers_;
}

void ThreadPool::wake_sleepers() {
    for (auto& worker : workers_)
        if (worker->asleep && !worker->parked && worker->asleep.exchange(false)) worker->sleep.wake();
}

// patience_ns: what the pieces that are left take at most where nobody is late.
void ThreadPool::wait_for_stragglers(uint32_t run, int64_t patience_ns) {
    const int64_t begin = now_ns();
    bool late = false;
    while (unfinished_.load(std::memory_order_acquire)) {
        for (int i = 0; i < 8; ++i) spin_pause();
        const int64_t waited = now_ns() - begin;
        if (waited > patience_ns) take_from_late_workers(run);
        if (late) {
            yield_processor();
        } else if (waited > kLateNs) {
            find_late_workers(run);
            late = true;
        }
    }
    if (late) blame_late_workers(now_ns() - begin);
}

void ThreadPool::take_from_late_workers(uint32_t run) {
    for (auto& worker : workers_) {
        uint64_t theirs = worker->computes.load(std::memory_order_acquire);
        if (run_of(theirs) != run || !worker->computes.compare_exchange_strong(theirs, 0, std::memory_order_acq_rel)) continue;
        do_piece(run, int(uint32_t(theirs)), 0);
        unfinished_.fetch_sub(1, std::memory_order_relaxed);
        ++pieces_taken_;
    }
}

void ThreadPool::find_late_workers(uint32_t run) {
    for (auto& worker : workers_) worker->is_late = worker->holds.load(std::memory_order_acquire) == run;
}

// A worker that loses its core now and then is worth its keep; one that shares it with another program may not be. It
// costs more than it brings where others wait for it more than half of the time that it is at work.
void ThreadPool::blame_late_workers(int64_t waited_ns) {
    const int64_t now = now_ns();
    for (auto& worker : workers_) {
        if (!worker->is_late) continue;
        worker->waited_ns += waited_ns;
        const bool again_and_again = ++worker->late >= kLateRunsToPark;
        if (!again_and_again || worker->waited_ns * 2 < worker->worked_ns.load(std::memory_order_relaxed)) continue;
        const bool again = now - worker->parked_until < kLongestParkNs;
        worker->parked_for = again && worker->parked_for ? worker->parked_for * 2 : kFirstParkNs;
        if (worker->parked_for > kLongestParkNs) worker->parked_for = kLongestParkNs;
        worker->parked_until = now + worker->parked_for;
        worker->late = kLateRunsToPark - 1;  // one more late run after its return is enough
        worker->waited_ns = 0;
        worker->worked_ns.store(0, std::memory_order_relaxed);
        worker->parked.store(true, std::memory_order_release);
        ++parked_count_;
        ++times_parked_;
    }
}

void ThreadPool::forget_a_half() {
    for (auto& worker : workers_) {
        worker->late /= 2;
        worker->waited_ns /= 2;
        worker->worked_ns.fetch_sub(worker->worked_ns.load(std::memory_order_relaxed) / 2, std::memory_order_relaxed);
    }
}

void ThreadPool::unpark_when_due() {
    const int64_t now = now_ns();
    for (auto& worker : workers_) {
        if (!worker->parked.load(std::memory_order_relaxed) || now < worker->parked_until) continue;
        worker->parked = false;
        --parked_count_;
    }
}

}  // namespace qingmo
