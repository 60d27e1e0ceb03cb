// SPDX-License-Identifier: MIT
#include "sim/unsynced.hpp"

#include <algorithm>
#include <set>

namespace holdfast::platform::sim {
namespace {

constexpr std::size_t kKeptBytesMax =
    1024 * 1024;  // of a buffer that is empty; provisioning needs the whole budget once

}  // namespace

void Unsynced::flush(const ImageFile* file) {
  const auto found =
      std::find_if(files_.begin(), files_.end(), [&](const File& f) { return f.file.get() == file; });
  if (found == files_.end()) return;
  found->operations.clear();
  found->old.clear();
  if (found->old.capacity() > kKeptBytesMax) found->old.shrink_to_fit();
}

void Unsynced::note(DiskAct act, const std::shared_ptr<ImageFile>& file, const std::string& name,
                    std::uint64_t offset, std::uint64_t bytes, bool names_too) {
  ++number_;
  if (act == DiskAct::sync) flush(file.get());
  if (act == DiskAct::create || act == DiskAct::remove) names_.push_back({act, name, file});
  // A rename reaches the medium at once, and with it all that happened to names before.
  if (names_too || act == DiskAct::rename) {
    names_.clear();
    std::erase_if(files_, [](const File& f) { return f.file.use_count() == 1; });  // removed, and closed
  }
  if (act != DiskAct::write && act != DiskAct::truncate) return;
  auto found = std::find_if(files_.begin(), files_.end(), [&](const File& f) { return f.file == file; });
  if (found == files_.end()) found = files_.insert(files_.end(), File{file, {}, {}});
  const std::uint64_t size = file->size();
  const std::uint64_t old = act == DiskAct::write ? bytes : size - std::min(size, offset);
  found->operations.push_back(
      {offset, bytes, size, found->old.size(), static_cast<std::size_t>(old), number_});
  found->old.resize(found->old.size() + static_cast<std::size_t>(old));
  file->read(offset, std::span(found->old).last(static_cast<std::size_t>(old)));
}

/// One power cut.
class Unsynced::Undo {
 public:
  Undo(PowerCut cut, Entropy& dice) : cut_(cut), dice_(dice) {}

  void files(std::vector<File>& files) {
    if (cut_ == PowerCut::loses_nothing) return;
    const bool destroys = cut_ == PowerCut::destroys;
    std::size_t waiting = 0;
    for (const File& file : files) waiting += file.operations.size();
    const std::size_t victim = destroys && waiting > 0 ? static_cast<std::size_t>(dice_.next() % waiting) : 0;
    std::size_t at = 0;
    for (File& file : files) {
      kept_.clear();
      for (std::size_t i = file.operations.size(); i-- > 0;) undo(file, file.operations[i]);
      for (const Operation& operation : file.operations) {
        if (destroys && at++ == victim) destroy(*file.file, operation);
      }
    }
  }

  void names(const std::vector<Name>& names, DiskImage& image) {
    for (std::size_t i = names.size(); i-- > 0;) {
      if (cut_ == PowerCut::loses_nothing || (cut_ != PowerCut::loses_all && coin())) continue;
      const Name& name = names[i];
      if (name.act == DiskAct::create) image.erase(name.name);
      if (name.act == DiskAct::remove) image.try_emplace(name.name, name.file);
    }
  }

 private:
  bool coin() { return (dice_.next() & 1U) != 0; }

  void undo(File& file, const Operation& operation) {
    if (operation.bytes == 0) return undo_truncation(file, operation);
    const bool whole = cut_ == PowerCut::loses_some && coin();
    bool all_gone = true;
    for (std::uint64_t at = operation.offset; at < operation.offset + operation.bytes;) {
      const std::uint64_t end =
          std::min((at / kDiskSectorBytes + 1) * kDiskSectorBytes, operation.offset + operation.bytes);
      const bool stays = cut_ == PowerCut::loses_some ? whole : cut_ != PowerCut::loses_all && coin();
      if (stays) kept_.insert(at / kDiskSectorBytes);
      if (kept_.contains(at / kDiskSectorBytes)) {
        all_gone = false;
      } else if (end <= file.file->size()) {  // not what a later truncation has taken
        const std::size_t from = operation.old_at + static_cast<std::size_t>(at - operation.offset);
        file.file->write(at, std::span(file.old).subspan(from, static_cast<std::size_t>(end - at)));
      }
      at = end;
    }
    const bool had_grown = file.file->size() == operation.offset + operation.bytes;
    if (all_gone && had_grown && operation.old_size < file.file->size())
      file.file->resize(operation.old_size);
  }

  void undo_truncation(File& file, const Operation& operation) {
    if (cut_ != PowerCut::loses_all && coin()) return;
    if (file.file->size() < operation.old_size) file.file->resize(operation.old_size);
    for (std::uint64_t at = operation.offset; at < operation.offset + operation.old_bytes;) {
      const std::uint64_t end =
          std::min((at / kDiskSectorBytes + 1) * kDiskSectorBytes, operation.offset + operation.old_bytes);
      const std::size_t from = operation.old_at + static_cast<std::size_t>(at - operation.offset);
      if (!kept_.contains(at / kDiskSectorBytes))
        file.file->write(at, std::span(file.old).subspan(from, static_cast<std::size_t>(end - at)));
      at = end;
    }
  }

  // The block under the operation's beginning, as far as the file reaches.
  void destroy(ImageFile& file, const Operation& operation) {
    const std::uint64_t begin = operation.offset / kDiskBlockBytes * kDiskBlockBytes;
    if (operation.bytes == 0 || begin >= file.size()) return;
    std::vector<std::byte> garbage(
        static_cast<std::size_t>(std::min<std::uint64_t>(kDiskBlockBytes, file.size() - begin)));
    const bool zeros = coin();
    for (std::byte& byte : garbage) byte = zeros ? std::byte{0} : static_cast<std::byte>(dice_.next());
    file.write(begin, garbage);
  }

  PowerCut cut_;
  Entropy& dice_;
  std::set<std::uint64_t> kept_;  // sectors of the file at hand that a newer write has decided
};

void Unsynced::take_back(DiskImage& image, PowerCut cut, Entropy& dice) {
  Undo undo(cut, dice);
  undo.files(files_);
  undo.names(names_, image);
  forget();
}

void Unsynced::forget() {
  files_.clear();
  names_.clear();
}

std::size_t Unsynced::operations() const noexcept {
  std::size_t all = names_.size();
  for (const File& file : files_) all += file.operations.size();
  return all;
}

std::size_t Unsynced::bytes() const noexcept {
  std::size_t all = 0;
  for (const File& file : files_) all += file.old.capacity();
  return all;
}

}  // namespace holdfast::platform::sim
