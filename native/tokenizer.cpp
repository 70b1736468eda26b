#include "tokenizer.h"

#include <algorithm>
#include <stdexcept>

#include "split_pattern.h"

namespace qingmo {

namespace {

constexpr uint32_t kNone = UINT32_MAX;

// Merges words one after the other; its memory is used again for each.
class WordMerger {
   public:
    explicit WordMerger(const TokenTable& table) : table_(table) {}

    void append_ids(std::string_view word, std::vector<uint32_t>& ids) {
        spell(word);
        for (uint32_t i = 0; i + 1 < symbols_.size(); ++i) propose(i);
        while (!candidates_.empty()) merge(pop());
        for (uint32_t i = 0; i != kNone; i = symbols_[i].next) ids.push_back(symbols_[i].id);
    }

   private:
    struct Symbol {  // of a list without gaps; `id` is kNone once it has become part of the one before it
        uint32_t id, previous, next;
    };
    struct Candidate {
        uint32_t rank, left, product;
        // The lowest rank goes first, and of equals the leftmost.
        bool operator<(const Candidate& other) const { return rank != other.rank ? rank > other.rank : left > other.left; }
    };

    void spell(std::string_view word) {
        symbols_.clear();
        for (const char c : word) {
            const uint32_t i = uint32_t(symbols_.size());
            symbols_.push_back({table_.byte_token(uint8_t(c)), i ? i - 1 : kNone, i + 1});
        }
        symbols_.back().next = kNone;
    }

    bool find_merge(const Symbol& left, Merge& found) const {
        return left.next != kNone && table_.find_merge(left.id, symbols_[left.next].id, found);
    }

    void propose(uint32_t left) {
        Merge found;
        if (!find_merge(symbols_[left], found)) return;
        candidates_.push_back({found.rank, left, found.product});
        std::push_heap(candidates_.begin(), candidates_.end());
    }

    Candidate pop() {
        std::pop_heap(candidates_.begin(), candidates_.end());
        const Candidate best = candidates_.back();
        candidates_.pop_back();
        return best;
    }

    void merge(const Candidate& candidate) {
        Symbol& left = symbols_[candidate.left];
        Merge still;
        // Since it was proposed, either side may have been merged with another neighbour.
        if (left.id == kNone || !find_merge(left, still) || still.product != candidate.product) return;
        Symbol& right = symbols_[left.next];
        left.id = candidate.product;
        left.next = right.next;
        right.id = kNone;
        if (left.next != kNone) symbols_[left.next].previous = candidate.left;
        propose(candidate.left);
        if (left.previous != kNone) propose(left.previous);
    }

    const TokenTable& table_;
    std::vector<Symbol> symbols_;
    std::vector<Candidate> candidates_;  // a heap
};

}  // namespace

std::vector<uint32_t> encode(const TokenTable& table, std::string_view text) {
    if (text.size() >= kNone) throw std::invalid_argument("a text of 4 GiB and more is not encoded at once");
    WordMerger words(table);
    std::vector<uint32_t> ids;
    for (size_t begin = 0, end; begin < text.size(); begin = end) {
        end = word_end(text, begin);
        words.append_ids(text.substr(begin, end - begin), ids);
    }
    return ids;
}

}  // namespace qingmo
