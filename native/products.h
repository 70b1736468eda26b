// A matrix product shared out among the threads of a pool.
#pragma once

#include <memory>
#include <vector>

#include "dispatch.h"
#include "thread_pool.h"

namespace qingmo {

class Products {
   public:
    // Of these matrices, by rows of activations of at most longest_row elements, a multiple of 64. scratch: kGemmScratch
    // floats a thread, each scratch_floats behind the one before. All must outlive this.
    Products(ThreadPool& pool, const Kernels& kernels, const std::vector<Matrix>& matrices, size_t longest_row, float* scratch, size_t scratch_floats);
    ~Products() { pool_.settle(); }

    // Of all rows and tiles: of the task only matrix, activations, rows, epilogue and where the outputs go need be there.
    void run(const GemmTask& task);

   private:
    // How tiles are divided: each thread has a share of neighbours, and that is cut into pieces. Places are numbered so that
    // the first pieces of all shares come first: they are of one size, and the shares come out even, whoever takes what.
    struct Cut {
        uint32_t tiles, threads, share, tiles_a_piece, places;

        uint32_t begin(uint32_t place) const { return place % threads * share + place / threads * tiles_a_piece; }
        uint32_t end(uint32_t place) const;
    };
    // What a thread needs to multiply few rows in its own memory: see ThreadPool::run_in_steps.
    struct Own {
        GemmKernel gemm;
        GemmTask task;        // a piece's, from the copied activations to `products`
        float* products;      // [rows][stride]
        size_t stride;
        int8_t* values;       // the copied activations
        float *scales, *floats;
        int32_t* corrections;
        uint64_t copied = 0;  // the number of the product that they are of
    };

    Cut cut(const GemmTask& task, size_t most_tiles, uint32_t fewest_pieces) const;
    void many_rows(const GemmTask& task);
    void few_rows(const GemmTask& task);
    Own& own_piece(const GemmTask& part, int worker);
    void copy_activations(const GemmTask& task, Own& own);
    float* scratch(int worker) { return scratch_ + size_t(worker) * scratch_floats_; }

    ThreadPool& pool_;
    const Kernels& kernels_;
    float* scratch_;
    size_t scratch_floats_;
    std::unique_ptr<LazyMemory> memory_;
    std::vector<Own> own_;  // one a thread
    uint64_t number_ = 0;   // products of few rows so far
};

}  // namespace qingmo
