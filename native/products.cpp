#include "products.h"

#include <algorithm>
#include <cstring>

#include "carver.h"

namespace qingmo {

namespace {

// A piece of a matrix that is read once should take about 50 us; one thread reads some 15 GB/s. Each thread gets two at
// least, to even things out.
constexpr size_t kPieceBytes = 768 * 1024;
constexpr uint32_t kFewestPieces = 2;

// With no more rows than that, reading the weights takes longer than multiplying them.
constexpr uint32_t kFewRows = 8;

// Half of a second-level cache of 2 MiB, as server cores and newer laptops have.
constexpr size_t kKeptBytes = 1024 * 1024;

uint32_t divided_up(uint32_t n, uint32_t by) { return (n + by - 1) / by; }

uint32_t round_up(uint32_t n, uint32_t to) { return divided_up(n, to) * to; }

// Tiles that no piece should part.
uint32_t unit_tiles(const GemmTask& task) { return task.epilogue == Epilogue::swiglu ? kGatedTiles : kMostStreams; }

uint32_t tiles_of(const Matrix& matrix) { return divided_up(matrix.outputs, kLanes); }

// Of a piece of few rows at most.
uint32_t most_tiles_a_piece(const Matrix& matrix) {
    return round_up(std::clamp<uint32_t>(uint32_t(kPieceBytes / matrix.tile_bytes), 1, tiles_of(matrix)), kGatedTiles);
}

}  // namespace

Products::Products(ThreadPool& pool, const Kernels& kernels, const std::vector<Matrix>& matrices, size_t longest_row, float* scratch, size_t scratch_floats)
    : pool_(pool), kernels_(kernels), scratch_(scratch), scratch_floats_(scratch_floats), own_(size_t(pool.threads())) {
    uint32_t most_tiles = 0;
    for (const Matrix& matrix : matrices) most_tiles = std::max(most_tiles, most_tiles_a_piece(matrix));
    auto carve = [&](uint8_t* base) {
        Carver carver(base);
        for (Own& own : own_) {
            own.gemm = kernels.gemm;
            own.stride = size_t(most_tiles) * kLanes;
            carver.take(own.products, kFewRows * own.stride);
            carver.take(own.floats, kFewRows * longest_row);
            carver.take(own.values, kFewRows * longest_row);
            carver.take(own.scales, kFewRows * longest_row / kActivationGroup);
            carver.take(own.corrections, 2 * kFewRows * longest_row / kActivationGroup);
        }
        return carver.used();
    };
    memory_ = std::make_unique<LazyMemory>(carve(nullptr));
    carve(memory_->data());
}

void Products::run(const GemmTask& task) {
    if (task.rows <= kFewRows) few_rows(task);
    else many_rows(task);
}

uint32_t Products::Cut::end(uint32_t place) const {
    return std::max(begin(place), std::min({begin(place) + tiles_a_piece, place % threads * share + share, tiles}));
}

// Pieces of at most so many tiles, if need be of one unit, and of each thread's share at least so many. A share is
// neighbouring tiles, one piece after the other: the kernel fetches the weights behind those it works on.
Products::Cut Products::cut(const GemmTask& task, size_t most_tiles, uint32_t fewest_pieces) const {
    const uint32_t tiles = tiles_of(task.matrix), threads = uint32_t(pool_.threads());
    const uint32_t share = round_up(divided_up(tiles, threads), task.epilogue == Epilogue::swiglu ? kGatedTiles : 1);
    const uint32_t cuts = std::max(fewest_pieces, divided_up(share, uint32_t(std::max<size_t>(1, most_tiles))));
    return {tiles, threads, share, round_up(divided_up(share, cuts), unit_tiles(task)), cuts * threads};
}

// Pieces as large as suits the kernel, if that leaves four a thread; in blocks of rows of like size.
void Products::many_rows(const GemmTask& task) {
    const uint32_t wanted = 4, units = divided_up(tiles_of(task.matrix), unit_tiles(task));
    const size_t tile_row = size_t(kLanes) * task.matrix.inputs;  // multiply-adds
    const size_t most = std::clamp<size_t>(kernels_.gemm_piece / (unit_tiles(task) * tile_row), kRowTile, kGemmRowBlock);
    const uint32_t least_blocks = std::max(divided_up(wanted * uint32_t(pool_.threads()), units), divided_up(task.rows, uint32_t(most)));
    const uint32_t rows_a_piece = round_up(divided_up(task.rows, least_blocks), kRowTile), blocks = divided_up(task.rows, rows_a_piece);
    const Cut pieces = cut(task, kernels_.gemm_piece / (rows_a_piece * tile_row), divided_up(wanted, blocks));
    // Where the activations fit the second-level cache they are what is gone over again and again; else the weights are.
    const bool weights_first = size_t(task.rows) * task.matrix.inputs <= kKeptBytes;
    pool_.run(int(pieces.places * blocks), [&](int piece, int worker) {
        const uint32_t place = weights_first ? piece / blocks : piece % pieces.places;
        const uint32_t block = weights_first ? piece % blocks : piece / pieces.places;
        GemmTask part = task;
        part.row_begin = block * rows_a_piece;
        part.row_end = std::min(task.rows, part.row_begin + rows_a_piece);
        part.tile_begin = pieces.begin(place);
        part.tile_end = pieces.end(place);
        part.scratch = scratch(worker);
        kernels_.gemm(part);
    });
}

// Pieces as long as the threads' time to read them allows. Decoding is many short products, in each of which a worker that
// has lost its core would hold up all others for as long as the system gives it to something else.
void Products::few_rows(const GemmTask& task) {
    const Matrix& matrix = task.matrix;
    const size_t most = std::min(kPieceBytes / matrix.tile_bytes, kernels_.gemm_piece / (size_t(task.rows) * kLanes * matrix.inputs));
    const Cut pieces = cut(task, most, kFewestPieces);
    ++number_;
    const auto part_of = [&](int place) {
        GemmTask part = task;
        part.row_end = task.rows;
        part.tile_begin = pieces.begin(place);
        part.tile_end = pieces.end(place);
        return part;
    };
    const auto prepare = [&](int piece, int worker) -> void* { return &own_piece(part_of(piece), worker); };
    const auto compute = [](void* prepared) {
        const Own& own = *static_cast<Own*>(prepared);
        own.gemm(own.task);
    };
    const auto commit = [&](int piece, int worker) {
        kernels_.apply_epilogue(part_of(piece), own_[worker].products, own_[worker].stride);
    };
    pool_.run_in_steps(int(pieces.places), prepare, compute, commit);
}

Products::Own& Products::own_piece(const GemmTask& part, int worker) {
    Own& own = own_[worker];
    own.task = products_only(part, own.products, own.stride);
    own.task.scratch = scratch(worker);
    if (worker == 0) return own;  // the caller itself is never too late
    if (own.copied != number_) copy_activations(part, own);
    own.copied = number_;
    own.task.activations = {own.values, own.scales, own.corrections, own.floats, part.activations.stride, part.activations.groups};
    return own;
}

void Products::copy_activations(const GemmTask& task, Own& own) {
    const Activations& from = task.activations;
    const size_t elements = task.rows * from.stride, groups = task.rows * from.groups;
    if (!is_quantized(task.matrix.type)) {
        std::memcpy(own.floats, from.floats, elements * sizeof(float));
        return;
    }
    std::memcpy(own.values, from.values, elements);
    std::memcpy(own.scales, from.scales, groups * sizeof(float));
    std::memcpy(own.corrections, from.corrections, 2 * groups * sizeof(int32_t));
}

}  // namespace qingmo
