// native_tests [part of a test's name] [--seed=N] [--percent=N] [--case=SEED]     run tests
// native_tests --digest                                                           print a digest of a toy model's logits
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "check.h"
#include "digest.h"
#include "numbers.h"

namespace {

constexpr unsigned kHangSeconds = 300;  // no test takes a tenth of this, even emulated: it hangs
const char* running = "";

void report_hang(int) {
    const char* parts[] = {"FAILED ", running, ": hangs\n"};
    for (const char* part : parts)
        if (write(STDOUT_FILENO, part, std::strlen(part)) < 0) break;
    _exit(1);
}

bool passes(const check::Test& test) {
    running = test.name;
    alarm(kHangSeconds);
    check::end_cases();
    try {
        test.body();
        return true;
    } catch (const std::exception& error) {
        std::printf("FAILED %s\n    %s\n", test.name, error.what());
        return false;
    }
}

bool number_option(const char* argument, const char* name, uint64_t& value) {
    const size_t length = std::strlen(name);
    if (std::strncmp(argument, name, length) != 0) return false;
    value = std::strtoull(argument + length, nullptr, 10);
    return true;
}

void print_instruction_sets() {
    std::printf("instruction sets:");
    for (const qingmo::Kernels* kernels : all_kernels()) std::printf(" %s", kernels->name);
    std::printf("\n");
}

}  // namespace

int main(int count, char** arguments) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    check::Options& options = check::options();
    std::string filter;
    for (int i = 1; i < count; ++i) {
        uint64_t value = 0;
        if (std::strcmp(arguments[i], "--digest") == 0) {
            print_digest();
            return 0;
        }
        if (number_option(arguments[i], "--seed=", value)) options.seed = value;
        else if (number_option(arguments[i], "--percent=", value)) options.percent = int(value);
        else if (number_option(arguments[i], "--case=", value)) options.one_case = true, options.case_seed = value;
        else filter = arguments[i];
    }
    signal(SIGALRM, report_hang);
    print_instruction_sets();
    int passed = 0, failed = 0;
    for (const check::Test& test : check::tests())
        if (std::strstr(test.name, filter.c_str())) ++(passes(test) ? passed : failed);
    if (passed + failed == 0) std::printf("no test's name contains \"%s\"\n", filter.c_str());
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed || !passed;
}
