// The thread pool: each piece once, whoever sleeps, is late or is held up. Nothing here measures time: a test that waits
// does so until something has happened.
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <string>

#include "check.h"
#include "thread_pool.h"

using namespace qingmo;

namespace {

void sleep_ms(long ms) {
    timespec time{0, ms * 1'000'000};
    nanosleep(&time, nullptr);
}

// Calls work(worker) on every thread at least once. A worker may be parked, and for good reason where other programs want
// the cores: so it takes as many runs as it takes.
template <class Work>
void on_all_threads(ThreadPool& pool, const Work& work) {
    std::vector<std::atomic<bool>> came(size_t(pool.threads()));
    auto all_came = [&] {
        for (const auto& it : came)
            if (!it) return false;
        return true;
    };
    while (!all_came())
        pool.run(2 * pool.threads(), [&](int, int worker) {
            work(worker);
            came[size_t(worker)] = true;
            if (!all_came()) sleep_ms(1);
        });
}

// A run of two pieces of `ms` in which the worker, if it takes one, holds it 3 ms longer than the caller the other. Returns
// whether it did.
bool run_with_late_worker(ThreadPool& pool, long ms = 1) {
    std::atomic<bool> late{false};
    pool.run(2, [&](int, int worker) {
        if (worker != 0) late = true;
        sleep_ms(worker == 0 ? ms : ms + 3);
    });
    return late;
}

struct Worker {
    pthread_t thread;
    long id;  // the kernel's

    static Worker self() { return {pthread_self(), syscall(SYS_gettid)}; }

    bool sleeps() const {
        const std::string path = "/proc/self/task/" + std::to_string(id) + "/stat";
        FILE* file = std::fopen(path.c_str(), "r");
        char state = '?';
        if (file && std::fscanf(file, "%*d (%*[^)]) %c", &state) != 1) state = '?';
        if (file) std::fclose(file);
        return state == 'S';
    }
};

std::vector<Worker> workers_of(ThreadPool& pool) {
    std::vector<Worker> workers(size_t(pool.threads()));
    on_all_threads(pool, [&](int worker) { workers[size_t(worker)] = Worker::self(); });
    workers.erase(workers.begin());  // the calling thread
    return workers;
}

void wait_until_asleep(const std::vector<Worker>& workers) {
    for (const Worker& worker : workers)
        while (!worker.sleeps()) sleep_ms(1);
}

// Pieces in steps. A worker that is held waits in `compute` until it is let go; the caller is never held.
struct InSteps {
    std::atomic<bool> held{false};
    std::atomic<int> came{0};  // workers that have been held

    struct Own {  // a worker's memory
        InSteps* all;
        int piece, result;
        bool is_caller;
    };
    std::vector<Own> own;

    explicit InSteps(const ThreadPool& pool) : own(size_t(pool.threads())) {}

    static void compute(void* prepared) {
        Own& it = *static_cast<Own*>(prepared);
        if (!it.is_caller && it.all->held) {
            ++it.all->came;
            while (it.all->held) sched_yield();
        }
        it.result = it.piece * it.piece;
    }

    void check_run(ThreadPool& pool, int pieces) {
        std::vector<int> results(size_t(pieces), -1), commits(size_t(pieces), 0);  // plain memory, for the sanitizer
        const auto prepare = [&](int piece, int worker) -> void* {
            own[size_t(worker)] = {this, piece, -1, worker == 0};
            return &own[size_t(worker)];
        };
        pool.run_in_steps(pieces, prepare, compute, [&](int piece, int worker) {
            results[size_t(piece)] = own[size_t(worker)].result;
            ++commits[size_t(piece)];
        });
        for (int piece = 0; piece < pieces; ++piece) {
            CHECK_EQUAL(results[size_t(piece)], piece * piece);
            CHECK_EQUAL(commits[size_t(piece)], 1);
        }
    }
};

void check_each_piece_once(ThreadPool& pool, int pieces) {
    std::vector<std::atomic<uint8_t>> done(size_t(std::max(pieces, 0)));
    std::atomic<int> strangers{0};
    pool.run(pieces, [&](int piece, int worker) {
        if (worker < 0 || worker >= pool.threads()) ++strangers;
        done[size_t(piece)].fetch_add(1, std::memory_order_relaxed);
    });
    CHECK_EQUAL(strangers.load(), 0);
    for (const auto& times : done) CHECK_EQUAL(int(times), 1);
}

// A worker stopped as by the system: it stands in a signal handler until the gate opens.
std::atomic<bool> gate_open{false}, is_held{false};

void hold(int) {
    is_held = true;
    while (!gate_open) sleep_ms(1);
    is_held = false;
}

}  // namespace

TEST(pool_does_each_of_a_million_pieces_once) {
    const int pieces = 10'000 * check::options().percent;
    for (int threads = 1; threads <= 4; ++threads) {
        ThreadPool pool(threads);
        CHECK_EQUAL(pool.threads(), threads);
        check_each_piece_once(pool, pieces);
    }
}

TEST(pool_does_each_piece_once_in_thousands_of_runs) {
    for (int threads = 1; threads <= 4; ++threads) {
        ThreadPool pool(threads);
        check::cases(3000, [&](Random& random) { check_each_piece_once(pool, random.pick({0, 1, 2, 3, 4, 5, random.between(0, 200)})); });
    }
}

TEST(pool_run_returns_only_when_all_is_done_and_seen) {
    for (int threads = 2; threads <= 4; ++threads) {
        ThreadPool pool(threads);
        std::vector<int> results(64);  // plain memory: a run that ended early would be seen, by the sanitizer too
        for (int run = 1; run <= 500 * check::options().percent / 100; ++run) {
            pool.run(64, [&](int piece, int) { results[size_t(piece)] = run; });
            for (int result : results) CHECK_EQUAL(result, run);
        }
    }
}

TEST(pool_of_one_thread_works_in_order_on_the_caller) {
    ThreadPool pool(1);
    std::vector<int> order;
    pool.run(5, [&](int piece, int worker) { order.push_back(piece * 10 + worker); });
    CHECK_SAME("order", order, (std::vector<int>{0, 10, 20, 30, 40}));
}

TEST(pool_runs_no_work_for_no_pieces) {
    ThreadPool pool(2);
    for (int pieces : {0, -1}) pool.run(pieces, [](int, int) { check::fail(__FILE__, __LINE__, "there was no piece"); });
}

TEST(pool_wakes_its_sleepers) {
    for (int threads = 2; threads <= 4; ++threads) {
        ThreadPool pool(threads);
        const std::vector<Worker> workers = workers_of(pool);
        for (int round = 0; round < 5; ++round) {
            wait_until_asleep(workers);
            on_all_threads(pool, [](int) {});  // would hang if one did not wake
            check_each_piece_once(pool, 100);
        }
    }
}

TEST(pool_does_not_wait_for_a_worker_without_a_piece) {
    struct sigaction action = {}, before;
    action.sa_handler = hold;
    sigaction(SIGUSR1, &action, &before);
    for (int threads = 2; threads <= 4; ++threads) {
        ThreadPool pool(threads);
        const std::vector<Worker> workers = workers_of(pool);
        wait_until_asleep(workers);
        gate_open = false;
        pthread_kill(workers[0].thread, SIGUSR1);
        while (!is_held) sched_yield();
        for (int run = 0; run < 200; ++run) check_each_piece_once(pool, 1 + run % 50);  // would hang
        CHECK(is_held);
        gate_open = true;
        on_all_threads(pool, [](int) {});  // it takes part again
    }
    sigaction(SIGUSR1, &before, nullptr);
}

TEST(pool_does_each_piece_in_steps_once_in_thousands_of_runs) {
    for (int threads = 1; threads <= 4; ++threads) {
        ThreadPool pool(threads);
        InSteps steps(pool);
        check::cases(3000, [&](Random& random) { steps.check_run(pool, random.pick({0, 1, 2, 3, 5, random.between(0, 100)})); });
        pool.settle();
    }
}

TEST(pool_takes_the_pieces_of_workers_that_stay_in_compute_and_drops_what_they_find) {
    for (int threads = 2; threads <= 4; ++threads) {
        ThreadPool pool(threads);
        InSteps steps(pool);
        for (int round = 0; round < 5; ++round) {
            const int64_t taken_before = pool.pieces_taken();
            steps.came = 0;
            steps.held = true;
            while (steps.came < threads - 1) steps.check_run(pool, 8 * threads);  // would hang if it waited for them
            steps.check_run(pool, 100);
            CHECK(pool.pieces_taken() >= taken_before + threads - 1);
            steps.held = false;  // they come back from runs that are long over
            for (int run = 0; run < 20; ++run) steps.check_run(pool, 100);
            pool.settle();
        }
    }
}

TEST(pool_settles_when_the_last_worker_is_back) {
    ThreadPool pool(2);
    InSteps steps(pool);
    steps.held = true;
    while (steps.came == 0) steps.check_run(pool, 16);
    std::atomic<bool> settled{false};
    std::thread waiting([&] {
        pool.settle();
        settled = true;
    });
    sleep_ms(5);
    CHECK(!settled);
    steps.held = false;
    waiting.join();  // would hang if it did not
}

#if defined(__linux__)
TEST(pool_workers_leave_the_callers_core) {
    cpu_set_t all;
    CHECK_EQUAL(sched_getaffinity(0, sizeof all, &all), 0);
    if (CPU_COUNT(&all) < 2) return;  // there is nowhere to go
    ThreadPool pool(2);
    const pid_t worker = pid_t(workers_of(pool)[0].id);
    cpu_set_t cores;
    bool left = false;
    for (int round = 0; round < 1000 && !left; ++round) {  // the system may move the caller away meanwhile: that is no leaving
        cpu_set_t callers, after;
        CPU_ZERO(&callers);
        CPU_SET(sched_getcpu(), &callers);
        sched_setaffinity(worker, sizeof callers, &callers);
        for (int run = 0; run < 20; ++run) check_each_piece_once(pool, 50);
        sched_getaffinity(worker, sizeof after, &after);
        left = !CPU_EQUAL(&callers, &after);
    }
    CHECK(left);
}
#endif

TEST(pool_parks_a_worker_that_is_late_again_and_again_and_tries_it_later) {
    ThreadPool pool(2);
    CHECK_EQUAL(pool.times_parked(), 0);
    for (int run = 0; run < 2000 && pool.times_parked() == 0; ++run) run_with_late_worker(pool);
    CHECK_EQUAL(pool.times_parked(), 1);
    check_each_piece_once(pool, 1000);
    on_all_threads(pool, [](int) {});  // would hang if it were never tried again
    check_each_piece_once(pool, 1000);
}

TEST(pool_forgives_a_worker_that_is_late_twice) {
    ThreadPool pool(2);
    for (int late_runs = 0; late_runs < 2;) late_runs += run_with_late_worker(pool);
    CHECK_EQUAL(pool.times_parked(), 0);
}

TEST(pool_keeps_a_worker_that_brings_more_than_waiting_for_it_costs) {
    ThreadPool pool(2);
    for (int late_runs = 0; late_runs < 6;) late_runs += run_with_late_worker(pool, 60);
    CHECK_EQUAL(pool.times_parked(), 0);
}

TEST(pool_ends_while_workers_spin_sleep_or_are_parked) {
    for (int round = 0; round < 20; ++round) {
        ThreadPool unused(4);
        ThreadPool spinning(3);
        check_each_piece_once(spinning, 50);
    }
    {
        ThreadPool asleep(3);
        wait_until_asleep(workers_of(asleep));
    }
    ThreadPool parked(2);
    while (parked.times_parked() == 0) run_with_late_worker(parked);
}
