// Every call to the operating system.
#pragma once

#if defined(__APPLE__)
#include <dispatch/dispatch.h>
#else
#include <semaphore.h>
#endif

#include <cstddef>
#include <cstdint>
#include <string>

namespace qingmo {

// A file mapped for reading; the pages are the system's page cache, shared by every process that maps it.
class MappedFile {
   public:
    explicit MappedFile(const std::string& path);  // throws std::runtime_error naming the path and the system's reason
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    const uint8_t* data() const { return data_; }
    size_t size() const { return size_; }

   private:
    const uint8_t* data_ = nullptr;
    size_t size_ = 0;
};

// Zeroed memory that takes up room only where it has been touched.
class LazyMemory {
   public:
    explicit LazyMemory(size_t bytes);  // throws std::bad_alloc
    ~LazyMemory();
    LazyMemory(const LazyMemory&) = delete;
    LazyMemory& operator=(const LazyMemory&) = delete;

    uint8_t* data() const { return data_; }

   private:
    uint8_t* data_;
    size_t size_;
};

// Where one thread sleeps until another wakes it. wake() never waits for the sleeper; notifying a condition variable may.
class Sleep {
   public:
    Sleep();
    ~Sleep();
    Sleep(const Sleep&) = delete;
    Sleep& operator=(const Sleep&) = delete;

    void until_woken();
    void wake();  // once for each until_woken()

   private:
#if defined(__APPLE__)
    dispatch_semaphore_t semaphore_;  // unnamed POSIX ones are missing
#else
    sem_t semaphore_;
#endif
};

// Linux grants the tile registers of AMX to programs that ask for them. False: not here, not in this kernel.
bool allow_tile_registers();
// Whether an ARM CPU multiplies bytes (the dot product of ARMv8.2). False: not ARM, or not so new.
bool has_arm_dot_product();

int64_t now_ns();        // of a clock that never goes back
void spin_pause();       // tells the CPU that this is a waiting loop
void yield_processor();  // lets another thread have this core
int current_core();      // where the calling thread runs, -1 where the system does not say
void leave_core(int core);  // the calling thread goes to another that the process may use, where there is one

}  // namespace qingmo
