#include "platform.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/auxv.h>
#include <sys/syscall.h>
#endif

#include <cerrno>
#include <chrono>
#include <cstring>
#include <new>
#include <stdexcept>

namespace qingmo {

MappedFile::MappedFile(const std::string& path) {
    auto fail = [&](const char* what) { return std::runtime_error(path + ": " + what + ": " + std::strerror(errno)); };
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) throw fail("cannot be opened");
    struct stat status;
    if (::fstat(fd, &status) != 0) {
        auto error = fail("cannot be examined");
        ::close(fd);
        throw error;
    }
    size_ = size_t(status.st_size);
    if (size_ == 0) {
        ::close(fd);
        throw std::runtime_error(path + ": cannot be mapped: it is empty");
    }
    void* at = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd, 0);
    auto error = fail("cannot be mapped");
    ::close(fd);
    if (at == MAP_FAILED) throw error;
    data_ = static_cast<const uint8_t*>(at);
}

MappedFile::~MappedFile() {
    if (data_) ::munmap(const_cast<uint8_t*>(data_), size_);
}

LazyMemory::LazyMemory(size_t bytes) : size_(bytes) {
#if defined(__APPLE__)
    constexpr int kNoReserve = 0;  // it never reserves
#else
    constexpr int kNoReserve = MAP_NORESERVE;
#endif
    void* at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | kNoReserve, -1, 0);
    if (at == MAP_FAILED) throw std::bad_alloc();
    data_ = static_cast<uint8_t*>(at);
}

LazyMemory::~LazyMemory() { ::munmap(data_, size_); }

#if defined(__APPLE__)
Sleep::Sleep() : semaphore_(::dispatch_semaphore_create(0)) {}

Sleep::~Sleep() { ::dispatch_release(semaphore_); }

void Sleep::until_woken() { ::dispatch_semaphore_wait(semaphore_, DISPATCH_TIME_FOREVER); }

void Sleep::wake() { ::dispatch_semaphore_signal(semaphore_); }
#else
Sleep::Sleep() { ::sem_init(&semaphore_, 0, 0); }

Sleep::~Sleep() { ::sem_destroy(&semaphore_); }

void Sleep::until_woken() {
    while (::sem_wait(&semaphore_) != 0) {}  // a signal may have interrupted it
}

void Sleep::wake() { ::sem_post(&semaphore_); }
#endif

bool allow_tile_registers() {
#if defined(__linux__) && defined(__x86_64__)
    constexpr int kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA (Linux 5.16)
    return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
    return false;
#endif
}

bool has_arm_dot_product() {
#if defined(__aarch64__) && defined(__linux__)
    return ::getauxval(AT_HWCAP) & HWCAP_ASIMDDP;
#elif defined(__aarch64__) && defined(__APPLE__)
    return true;  // every Mac of this architecture
#else
    return false;
#endif
}

int64_t now_ns() {
    using namespace std::chrono;
    return duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count();
}

void spin_pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

void yield_processor() { ::sched_yield(); }

#if defined(__linux__)
int current_core() { return ::sched_getcpu(); }

void leave_core(int core) {
    cpu_set_t cores;
    if (core >= CPU_SETSIZE || ::sched_getaffinity(::getpid(), sizeof cores, &cores) != 0) return;
    CPU_CLR(core, &cores);
    if (CPU_COUNT(&cores) > 0) ::sched_setaffinity(0, sizeof cores, &cores);
}
#else
int current_core() { return -1; }

void leave_core(int) {}
#endif

}  // namespace qingmo
