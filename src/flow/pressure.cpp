// SPDX-License-Identifier: MIT
#include "flow/pressure.hpp"

#include <array>
#include <cstddef>
#include <holdfast/check.hpp>

namespace holdfast::flow {
namespace {

constexpr std::uint64_t kPagesEnd = std::uint64_t{1} << 32;

struct Marks {
  std::uint64_t enter;  // per cent
  std::uint64_t leave;
};

// By state; nothing enters or leaves `normal` by a mark of its own.
constexpr std::array<Marks, 5> kMarks{{{0, 0}, {60, 50}, {80, 70}, {92, 85}, {97, 92}}};

constexpr Marks marks_of(Pressure state) noexcept { return kMarks[static_cast<std::size_t>(state)]; }

constexpr Pressure below(Pressure state) noexcept {
  return static_cast<Pressure>(static_cast<std::uint8_t>(state) - 1);
}

// 13000 -> 13,000
std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

}  // namespace

std::uint64_t PressureGauge::percent() const noexcept { return used_ * 100 / capacity_; }

Pressure PressureGauge::look(const PressureSample& sample) {
  HOLDFAST_CHECK(sample.capacity_pages >= 1 && sample.capacity_pages < kPagesEnd);
  HOLDFAST_CHECK(sample.used_pages < kPagesEnd);
  used_ = sample.used_pages;
  capacity_ = sample.capacity_pages;
  if (sample.trouble) {
    state_ = Pressure::emergency;
    trouble_ = true;
    committed_ = false;
    return state_;
  }
  if (sample.committed) committed_ = true;
  fall();
  climb();
  return state_;
}

bool PressureGauge::may_leave() const noexcept {
  if (state_ == Pressure::normal || percent() >= marks_of(state_).leave) return false;
  return state_ != Pressure::emergency || committed_;
}

void PressureGauge::fall() noexcept {
  while (may_leave()) state_ = below(state_);
  if (state_ != Pressure::emergency) trouble_ = false;
}

void PressureGauge::climb() noexcept {
  Pressure reached = Pressure::emergency;
  while (percent() < marks_of(reached).enter) reached = below(reached);
  if (reached <= state_) return;
  state_ = reached;
  committed_ = false;  // the commit that filled the store is no sign of its recovery
}

std::string PressureGauge::way_out() const {
  const std::uint64_t leave = marks_of(state_).leave;
  std::string room = percent() >= leave ? "below " + std::to_string(leave) + " %" : "";
  if (state_ != Pressure::emergency || committed_) return room;
  return room + (room.empty() ? "" : " and ") + "a commit succeeds";
}

std::string PressureGauge::reason() const {
  if (capacity_ == 0) return "not measured yet";
  std::string line = trouble_ ? "an I/O error, " : "";
  line += "used " + std::to_string(percent()) + " % of " + grouped(capacity_) + " pages: ";
  line += to_string(state_);
  if (state_ != Pressure::normal) line += " until " + way_out();
  return line;
}

std::uint64_t PressureGauge::pages_over() const noexcept {
  if (state_ < Pressure::shed) return 0;
  // The most pages with which the state is left. One more, at the mark itself, would keep the state and ask
  // for nothing.
  const std::uint64_t left_with = (capacity_ * marks_of(state_).leave + 99) / 100 - 1;
  return used_ > left_with ? used_ - left_with : 0;
}

}  // namespace holdfast::flow
