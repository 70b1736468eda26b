#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <vector>

// A file with the given bytes, gone with the object.
class TemporaryFile {
   public:
    explicit TemporaryFile(const std::vector<uint8_t>& bytes) {
        const char* folder = getenv("TMPDIR");
        path_ = std::string(folder ? folder : "/tmp") + "/qingmo-test-XXXXXX";
        const int fd = mkstemp(path_.data());
        if (fd < 0) throw std::runtime_error("no temporary file " + path_);
        const bool written = bytes.empty() || ::write(fd, bytes.data(), bytes.size()) == ssize_t(bytes.size());
        ::close(fd);
        if (!written) throw std::runtime_error("cannot write " + path_);
    }
    ~TemporaryFile() { ::unlink(path_.c_str()); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    const std::string& path() const { return path_; }

   private:
    std::string path_;
};
