// SPDX-License-Identifier: MIT
#include "prove/crash/images.hpp"

#include <algorithm>
#include <cstring>
#include <holdfast/check.hpp>
#include <holdfast/platform/sim.hpp>

namespace holdfast::prove {
namespace {

using platform::sim::DiskAct;
using platform::sim::DiskImage;
using platform::sim::DiskOperation;
using platform::sim::ImageFile;
using platform::sim::kDiskBlockBytes;
using platform::sim::kDiskSectorBytes;
using platform::sim::SeededEntropy;

std::uint64_t mix(std::uint64_t bits) {
  bits = (bits ^ (bits >> 30U)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111eb;
  return bits ^ (bits >> 31U);
}

/// 0 for a block of zeros, so that a longer file of zeros differs by its size alone.
std::uint64_t hash_of_block(std::span<const std::byte> block, std::size_t index) {
  std::uint64_t hash = 0;
  bool any = false;
  for (std::size_t at = 0; at + 8 <= block.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, block.data() + at, 8);
    any = any || word != 0;
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 29U;
  }
  return any ? mix(hash + mix(index + 1)) : 0;
}

std::uint64_t hash_of_name(const std::string& name) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return mix(hash);
}

bool is_of_names(const DiskOperation& operation) {
  return operation.act == DiskAct::create || operation.act == DiskAct::remove ||
         operation.act == DiskAct::rename;
}

std::size_t blocks_of(std::uint64_t bytes) {
  return static_cast<std::size_t>((bytes + kDiskBlockBytes - 1) / kDiskBlockBytes);
}

}  // namespace

CrashImages::CrashImages(const platform::sim::DiskLog& log, std::uint64_t seed, Media media)
    : log_(log), seed_(seed), media_(media) {
  constexpr std::size_t kLies[] = {1, 2, 4, 8, 32};
  if (media == Media::lying) lies_ = kLies[mix(seed) % std::size(kLies)];
  for (const auto& file : log.files) {
    names_.emplace(log.names[file.name], static_cast<std::uint32_t>(files_.size()));
    File& mine = files_.emplace_back();
    mine.bytes = file.bytes;
    if (!file.bytes.empty()) hash_blocks(mine, 0, blocks_of(file.bytes.size()) - 1);
  }
}

void CrashImages::move_to(std::size_t point) {
  HOLDFAST_CHECK(point >= point_ && point <= last_point());
  for (; point_ < point; ++point_) begin(log_.operations[point_], static_cast<std::uint32_t>(point_));
}

void CrashImages::begin(const DiskOperation& operation, std::uint32_t index) {
  if (operation.file >= files_.size()) files_.resize(operation.file + 1);
  if (operation.act != DiskAct::sync) waiting_.push_back(index);
  const bool flushes =
      operation.act == DiskAct::sync || operation.names_too || operation.act == DiskAct::rename;
  if (!flushes) return;
  flushes_.push_back(index);
  if (flushes_.size() <= lies_) return;
  flush(flushes_.front());
  flushes_.pop_front();
}

// What was done since that flush still waits.
void CrashImages::flush(std::uint32_t index) {
  const DiskOperation& flush = log_.operations[index];
  if (flush.act == DiskAct::sync) {
    flush_those(index, [&](const DiskOperation& operation) {
      return operation.file == flush.file && !is_of_names(operation);
    });
  }
  if (flush.names_too || flush.act == DiskAct::rename) flush_those(index, is_of_names);
}

template <class IsFlushed>
void CrashImages::flush_those(std::uint32_t index, IsFlushed is_flushed) {
  const auto is_before = [&](std::uint32_t waiting) {
    return waiting <= index && is_flushed(log_.operations[waiting]);
  };
  for (const std::uint32_t waiting : waiting_) {
    if (is_before(waiting)) apply_to_medium(log_.operations[waiting]);
  }
  std::erase_if(waiting_, is_before);
}

void CrashImages::apply_to_medium(const DiskOperation& operation) {
  const std::string& name = log_.name_of(operation);
  if (operation.act == DiskAct::rename) {
    std::erase_if(names_, [&](const auto& entry) { return entry.second == operation.file; });
  }
  if (operation.act == DiskAct::create || operation.act == DiskAct::rename) {
    names_[name] = operation.file;
    return;
  }
  if (operation.act == DiskAct::remove) {
    names_.erase(name);
    return;
  }
  File& file = files_[operation.file];
  const std::size_t before = file.bytes.size();
  const std::uint64_t end = operation.offset + operation.bytes;
  if (operation.act == DiskAct::truncate || end > before) file.bytes.resize(static_cast<std::size_t>(end));
  const auto data = log_.data_of(operation);
  std::copy(data.begin(), data.end(), file.bytes.begin() + static_cast<std::ptrdiff_t>(operation.offset));
  const std::size_t blocks = std::max(blocks_of(before), blocks_of(file.bytes.size()));
  const std::uint64_t first = std::min<std::uint64_t>(operation.offset, before) / kDiskBlockBytes;
  const std::size_t last = operation.act == DiskAct::truncate ? blocks : blocks_of(end);
  if (last > first) hash_blocks(file, static_cast<std::size_t>(first), last - 1);
}

void CrashImages::hash_blocks(File& file, std::size_t first, std::size_t last) {
  if (file.block_hashes.size() <= last) file.block_hashes.resize(last + 1);
  for (std::size_t index = first; index <= last; ++index) {
    std::array<std::byte, kDiskBlockBytes> block{};
    const std::size_t at = index * kDiskBlockBytes;
    const std::size_t there = at < file.bytes.size() ? std::min(kDiskBlockBytes, file.bytes.size() - at) : 0;
    std::copy_n(file.bytes.begin() + static_cast<std::ptrdiff_t>(there > 0 ? at : 0), there, block.begin());
    file.hash -= file.block_hashes[index];
    file.block_hashes[index] = hash_of_block(block, index);
    file.hash += file.block_hashes[index];
  }
}

std::size_t CrashImages::honest_variants() const noexcept {
  if (!waiting_.empty()) return 2 + kVariantsPerOperation * waiting_.size() + kRandomVariants;
  return media_ == Media::bitrot ? 2 : 1;
}

std::size_t CrashImages::variants() const noexcept {
  return honest_variants() * (media_ == Media::bitrot ? kRotsPerVariant : 1);
}

// Half of the time it is not long ago.
std::size_t CrashImages::moment_of(std::size_t variant) const noexcept {
  if (media_ != Media::rollback || point_ == last_point()) return point_;
  constexpr std::size_t kSoon = 60;
  SeededEntropy dice(mix(~seed_ + mix(point_ + 1)) ^ mix(variant + 1));
  const std::size_t left = last_point() - point_;
  const std::size_t span = dice.next() % 2 == 0 ? std::min(left, kSoon) : left;
  return point_ + 1 + static_cast<std::size_t>(dice.next() % span);
}

// --- one image ---

/// Puts one image together: what the medium has, and what of the waiting operations is kept.
class CrashImages::Builder {
 public:
  Builder(const CrashImages& disk, std::size_t variant)
      : disk_(disk), dice_(mix(disk.seed_ + mix(disk.point_ + 1)) ^ mix(variant + 1)) {
    for (const auto& [name, number] : disk.names_) names_.emplace(name, number);
  }

  /// One of those that an honest medium has.
  void keep_variant(std::size_t variant) {
    const std::size_t count = disk_.waiting_.size();
    if (variant == 0) return;
    if (variant == 1) return keep_before(count);
    const std::size_t i = (variant - 2) / kVariantsPerOperation;
    if (i >= count) return throw_coins();
    const std::size_t kind = (variant - 2) % kVariantsPerOperation;
    switch (kind) {
      case 0: keep_all_but(i); break;
      case 1: keep(i); break;
      case 2: keep_before(i); break;
      case 3:
        keep_before(i);
        tear(i);
        break;
      case 4: keep_before(count); break;
      default: keep_before(i + 1); break;
    }
    if (kind >= 4 || disk_.media_ == Media::collateral) destroy_under(i, kind != 5);
  }
  /// Bits of blocks that hold something: most of a store is free.
  void rot() {
    std::vector<std::pair<std::uint32_t, std::size_t>> blocks;
    for (const auto& [name, number] : names_) {
      const auto& there = open(number);
      const auto& hashes = disk_.files_[number].block_hashes;
      for (std::size_t block = 0; block < blocks_of(there.file->size()); ++block) {
        const auto changed = there.changed.find(block);
        const std::uint64_t medium = block < hashes.size() ? hashes[block] : 0;
        if ((changed != there.changed.end() ? changed->second : medium) != 0)
          blocks.emplace_back(number, block);
      }
    }
    if (blocks.empty()) return;
    for (std::size_t left = 1 + below(3); left > 0; --left) {
      const auto [number, block] = blocks[below(blocks.size())];
      turn(number, block, below(4) == 0 ? 1 + below(64) : 1);
    }
  }

 private:
  void keep(std::size_t i) {
    apply(i, [](std::size_t) { return true; });
  }
  void keep_before(std::size_t i) {
    for (std::size_t k = 0; k < i; ++k) keep(k);
  }
  void keep_all_but(std::size_t i) {
    for (std::size_t k = 0; k < disk_.waiting_.size(); ++k) {
      if (k != i) keep(k);
    }
  }
  /// Whole sectors of it, in their places; never all of them and never none, if it has more than one.
  void tear(std::size_t i) {
    const std::size_t sectors = sectors_of(operation(i));
    if (sectors < 2) return;
    const std::size_t lost = below(sectors);
    const std::size_t kept = (lost + 1 + below(sectors - 1)) % sectors;
    const bool in_order = below(2) == 0;  // a write that broke off, or one that a cache took apart
    apply(i, [&](std::size_t sector) {
      if (in_order) return sector <= std::min(lost, sectors - 2);
      return sector == kept || (sector != lost && below(2) == 0);
    });
  }
  /// One of the 4 KiB blocks that operation i writes to, and with collateral damage those around it.
  void destroy_under(std::size_t i, bool with_garbage) {
    const DiskOperation& op = operation(i);
    if (op.act != DiskAct::write || op.bytes == 0) return;
    const std::uint64_t first = op.offset / kDiskBlockBytes;
    const std::uint64_t count = (op.offset + op.bytes - 1) / kDiskBlockBytes - first + 1;
    const auto block = static_cast<std::size_t>(first + below(static_cast<std::size_t>(count)));
    const std::size_t width = disk_.media_ == Media::collateral ? kCollateralBlocks : 1;
    for (std::size_t at = block / width * width; at < block / width * width + width; ++at)
      destroy(op.file, at, with_garbage);
  }
  void throw_coins() {
    constexpr std::size_t kOdds[] = {2, 2, 4, 10};
    const std::size_t odds = kOdds[below(std::size(kOdds))];
    const bool mostly_there = below(2) == 0;
    const std::size_t count = disk_.waiting_.size();
    for (std::size_t i = 0; i < count; ++i) {
      apply(i, [&](std::size_t) { return (below(odds) == 0) != mostly_there; });
    }
    for (std::size_t left = below(3) == 0 ? 1 + below(2) : 0; left > 0; --left)
      destroy_under(below(count), below(2) == 0);
  }

 public:
  [[nodiscard]] Built finish() {
    Built built;
    for (const auto& [name, number] : names_) {
      const Open& file = open(number);
      built.hash += mix(hash_of_name(name) ^ mix(file.hash + mix(file.file->size())));
      built.image.emplace(name, file.file);
    }
    return built;
  }

 private:
  struct Open {
    std::shared_ptr<ImageFile> file;
    std::uint64_t hash = 0;
    std::map<std::size_t, std::uint64_t> changed;  // hashes of blocks that differ from the medium's
  };

  [[nodiscard]] const DiskOperation& operation(std::size_t i) const {
    return disk_.log_.operations[disk_.waiting_[i]];
  }
  [[nodiscard]] std::size_t below(std::size_t bound) {
    return static_cast<std::size_t>(dice_.next() % bound);
  }
  [[nodiscard]] static std::size_t sectors_of(const DiskOperation& op) {
    if (op.bytes == 0) return 1;
    return static_cast<std::size_t>((op.offset + op.bytes - 1) / kDiskSectorBytes -
                                    op.offset / kDiskSectorBytes + 1);
  }

  Open& open(std::uint32_t number) {
    const auto [it, is_new] = files_.try_emplace(number);
    if (is_new) {
      const File& there = disk_.files_[number];
      it->second.file = std::make_shared<ImageFile>(std::span<const std::byte>(there.bytes));
      it->second.hash = there.hash;
    }
    return it->second;
  }

  template <class Keeps>
  void apply(std::size_t i, Keeps keeps) {
    const DiskOperation& op = operation(i);
    if (is_of_names(op)) {
      if (keeps(0)) apply_name(op);
    } else if (op.act == DiskAct::truncate) {
      if (keeps(0)) apply_truncate(op);
    } else {
      apply_write(op, keeps);
    }
  }
  void apply_name(const DiskOperation& op) {
    const std::string& name = disk_.log_.name_of(op);
    if (op.act == DiskAct::rename)
      std::erase_if(names_, [&](const auto& entry) { return entry.second == op.file; });
    if (op.act == DiskAct::remove)
      names_.erase(name);
    else
      names_[name] = op.file;
  }
  void apply_truncate(const DiskOperation& op) {
    Open& to = open(op.file);
    const std::size_t end = blocks_of(std::max(to.file->size(), op.offset));
    const std::uint64_t from = std::min(to.file->size(), op.offset);
    to.file->resize(op.offset);
    for (auto block = static_cast<std::size_t>(from / kDiskBlockBytes); block < end; ++block)
      hash_again(to, op.file, block);
  }
  template <class Keeps>
  void apply_write(const DiskOperation& op, Keeps keeps) {
    Open& to = open(op.file);
    const auto data = disk_.log_.data_of(op);
    const std::size_t sectors = sectors_of(op);
    bool any = false;
    for (std::size_t sector = 0, at = 0; sector < sectors; ++sector) {
      const std::size_t end =
          std::min<std::size_t>(data.size(), (sector + 1) * kDiskSectorBytes -
                                                 static_cast<std::size_t>(op.offset % kDiskSectorBytes));
      if (keeps(sector)) {
        to.file->write(op.offset + at, data.subspan(at, end - at));
        any = true;
      }
      at = end;
    }
    if (!any || data.empty()) return;
    const std::uint64_t last = (op.offset + op.bytes - 1) / kDiskBlockBytes;
    for (std::uint64_t block = op.offset / kDiskBlockBytes; block <= last; ++block)
      hash_again(to, op.file, static_cast<std::size_t>(block));
  }
  void destroy(std::uint32_t number, std::size_t block, bool with_garbage) {
    Open& to = open(number);
    const std::uint64_t at = std::uint64_t{block} * kDiskBlockBytes;
    if (at >= to.file->size()) return;
    std::array<std::byte, kDiskBlockBytes> noise{};
    for (std::size_t i = 0; with_garbage && i < noise.size(); i += 8) {
      const std::uint64_t word = dice_.next();
      std::memcpy(noise.data() + i, &word, 8);
    }
    const std::uint64_t there = std::min<std::uint64_t>(noise.size(), to.file->size() - at);
    to.file->write(at, std::span(noise).first(static_cast<std::size_t>(there)));
    hash_again(to, number, block);
  }
  // One bit, or so many bytes in a row.
  void turn(std::uint32_t number, std::size_t block, std::size_t count) {
    Open& to = open(number);
    const std::uint64_t begin = std::uint64_t{block} * kDiskBlockBytes;
    const std::uint64_t there = std::min<std::uint64_t>(kDiskBlockBytes, to.file->size() - begin);
    const auto within = below(static_cast<std::size_t>(there));
    std::vector<std::byte> bytes(std::min(count, static_cast<std::size_t>(there) - within));
    to.file->read(begin + within, bytes);
    for (std::byte& byte : bytes)
      byte ^= count == 1 ? std::byte{1} << below(8) : static_cast<std::byte>(dice_.next() & 0xFFU);
    to.file->write(begin + within, bytes);
    hash_again(to, number, block);
  }
  void hash_again(Open& to, std::uint32_t number, std::size_t block) {
    const auto& there = disk_.files_[number].block_hashes;
    const auto [it, is_new] = to.changed.try_emplace(block, block < there.size() ? there[block] : 0);
    std::array<std::byte, kDiskBlockBytes> bytes{};
    to.file->read(std::uint64_t{block} * kDiskBlockBytes, bytes);
    to.hash -= it->second;
    it->second = hash_of_block(bytes, block);
    to.hash += it->second;
  }

  const CrashImages& disk_;
  SeededEntropy dice_;
  std::map<std::string, std::uint32_t> names_;
  std::map<std::uint32_t, Open> files_;
};

CrashImages::Built CrashImages::build(std::size_t variant) const {
  HOLDFAST_CHECK(variant < variants());
  Builder builder(*this, variant);
  builder.keep_variant(variant % honest_variants());
  if (media_ == Media::bitrot) builder.rot();
  return builder.finish();
}

std::string CrashImages::describe(std::size_t variant) const {
  const bool is_rotten = media_ == Media::bitrot;
  const std::string after = is_rotten ? ", with bits turned" : "";
  variant %= honest_variants();
  if (variant == 0)
    return (lies_ > 0 ? "nothing since the last flushes that were made" : "nothing since the last flushes") +
           after;
  if (variant == 1) return "everything" + after;
  const std::size_t i = (variant - 2) / kVariantsPerOperation;
  if (i >= waiting_.size()) return "each sector by chance" + after;
  const DiskOperation& op = log_.operations[waiting_[i]];
  std::string what = std::string(to_string(op.act)) + " of " + log_.name_of(op);
  if (op.act == DiskAct::write)
    what += " at " + std::to_string(op.offset) + " (" + std::to_string(op.bytes) + " bytes)";
  const std::string block = media_ == Media::collateral ? "16 KiB" : "a block";
  const std::string around = media_ == Media::collateral ? ", and 16 KiB of garbage around it" : after;
  switch ((variant - 2) % kVariantsPerOperation) {
    case 0: return "all but the " + what + around;
    case 1: return "only the " + what + around;
    case 2: return "what came before the " + what + around;
    case 3: return "what came before the " + what + ", and that torn" + around;
    case 4: return "everything, and " + block + " of garbage under the " + what + after;
    default: return "all up to the " + what + ", and " + block + " of zeros under that" + after;
  }
}

}  // namespace holdfast::prove
