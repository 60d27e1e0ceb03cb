// SPDX-License-Identifier: MIT
#include "prove/crash/thread_memory.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace holdfast::prove {
namespace {

// Pieces of ours would hide from a sanitizer what SQLite does with its memory.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

/// Before each piece. While it is free, the piece begins with the address of the next free one.
struct alignas(16) Header {
  std::size_t bytes = 0;  ///< of the piece: a power of two
};

constexpr std::size_t kSmallest = 32;
constexpr std::size_t kSizes = 28;  // up to 4 GiB, which SQLite never asks for

thread_local std::array<void*, kSizes> free_pieces{};

std::size_t rounded(std::size_t bytes) { return std::bit_ceil(std::max(bytes, kSmallest)); }
std::size_t index_of(std::size_t bytes) {
  return static_cast<std::size_t>(std::countr_zero(bytes) - std::countr_zero(kSmallest));
}
Header* header_of(void* piece) { return static_cast<Header*>(piece) - 1; }

void* take(int wanted) {
  const std::size_t bytes = rounded(static_cast<std::size_t>(wanted));
  void*& first = free_pieces.at(index_of(bytes));
  if (first != nullptr) {
    void* piece = first;
    std::memcpy(&first, piece, sizeof(first));
    return piece;
  }
  auto* header = static_cast<Header*>(std::malloc(sizeof(Header) + bytes));
  if (header == nullptr) return nullptr;
  header->bytes = bytes;
  return header + 1;
}

void give_back(void* piece) {
  void*& first = free_pieces.at(index_of(header_of(piece)->bytes));
  std::memcpy(piece, &first, sizeof(first));
  first = piece;
}

int size_of(void* piece) { return piece == nullptr ? 0 : static_cast<int>(header_of(piece)->bytes); }

void* resize(void* piece, int wanted) {
  if (wanted <= size_of(piece)) return piece;
  void* larger = take(wanted);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, piece, header_of(piece)->bytes);
  give_back(piece);
  return larger;
}

}  // namespace

bool use_thread_memory() {
  if (kSanitized) return false;
  // Counting the memory in use would make all threads queue for one mutex.
  if (sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) != SQLITE_OK) return false;
  sqlite3_mem_methods methods{};
  methods.xMalloc = &take;
  methods.xFree = &give_back;
  methods.xRealloc = &resize;
  methods.xSize = &size_of;
  methods.xRoundup = [](int bytes) { return static_cast<int>(rounded(static_cast<std::size_t>(bytes))); };
  methods.xInit = [](void*) { return SQLITE_OK; };
  methods.xShutdown = [](void*) {};
  return sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK;
}

}  // namespace holdfast::prove
