// SPDX-License-Identifier: MIT
#include "sim/disk_image.hpp"

#include <algorithm>

namespace holdfast::platform::sim {

ImageFile::ImageFile(std::span<const std::byte> base) : base_(base), size_(base.size()) {}

std::size_t ImageFile::read(std::uint64_t offset, std::span<std::byte> into) const {
  std::size_t done = 0;
  while (done < into.size()) {
    const std::uint64_t at = offset + done;
    const auto index = static_cast<std::size_t>(at / kDiskBlockBytes);
    const auto within = static_cast<std::size_t>(at % kDiskBlockBytes);
    const std::span<std::byte> part =
        into.subspan(done, std::min(into.size() - done, kDiskBlockBytes - within));
    if (index < blocks_.size() && blocks_[index] != nullptr) {
      std::copy_n(blocks_[index]->begin() + static_cast<std::ptrdiff_t>(within), part.size(), part.begin());
    } else {
      const std::size_t there =
          at < base_.size() ? std::min(part.size(), base_.size() - static_cast<std::size_t>(at)) : 0;
      std::copy_n(base_.begin() + static_cast<std::ptrdiff_t>(there > 0 ? at : 0), there, part.begin());
      std::fill(part.begin() + static_cast<std::ptrdiff_t>(there), part.end(), std::byte{0});
    }
    done += part.size();
  }
  const std::uint64_t left = offset < size_ ? size_ - offset : 0;
  return static_cast<std::size_t>(std::min<std::uint64_t>(left, into.size()));
}

ImageFile::Block& ImageFile::own(std::size_t index) {
  if (index >= blocks_.size()) blocks_.resize(index + 1);
  if (blocks_[index] == nullptr) {
    auto block = std::make_unique<Block>();
    read(index * kDiskBlockBytes, *block);
    blocks_[index] = std::move(block);
  }
  return *blocks_[index];
}

void ImageFile::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const std::uint64_t at = offset + done;
    const auto within = static_cast<std::size_t>(at % kDiskBlockBytes);
    const std::size_t part = std::min(bytes.size() - done, kDiskBlockBytes - within);
    Block& block = own(static_cast<std::size_t>(at / kDiskBlockBytes));
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(done), part,
                block.begin() + static_cast<std::ptrdiff_t>(within));
    done += part;
  }
  size_ = std::max<std::uint64_t>(size_, offset + bytes.size());
}

void ImageFile::resize(std::uint64_t bytes) {
  if (bytes < size_) {
    const auto index = static_cast<std::size_t>(bytes / kDiskBlockBytes);
    const auto within = static_cast<std::ptrdiff_t>(bytes % kDiskBlockBytes);
    if (index < blocks_.size() && blocks_[index] != nullptr)
      std::fill(blocks_[index]->begin() + within, blocks_[index]->end(), std::byte{0});
    const std::size_t kept = within > 0 ? index + 1 : index;
    if (blocks_.size() > kept) blocks_.resize(kept);
    base_ = base_.first(static_cast<std::size_t>(std::min<std::uint64_t>(base_.size(), bytes)));
  }
  size_ = bytes;
}

std::shared_ptr<ImageFile> ImageFile::copy() const {
  auto file = std::make_shared<ImageFile>(base_);
  file->size_ = size_;
  file->blocks_.resize(blocks_.size());
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    if (blocks_[i] != nullptr) file->blocks_[i] = std::make_unique<Block>(*blocks_[i]);
  }
  return file;
}

std::vector<std::byte> ImageFile::bytes() const {
  std::vector<std::byte> all(static_cast<std::size_t>(size_));
  read(0, all);
  return all;
}

}  // namespace holdfast::platform::sim
