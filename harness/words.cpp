// SPDX-License-Identifier: GPL-2.0
#include "words.h"

#include <algorithm>
#include <vector>

namespace xsw {
namespace {

constexpr std::array<std::string_view, XSW_NR_REASONS> reasons{
    "none",           "direct",        "foreign",
    "mmio",           "bounce-mask",   "bounce-straddle",
    "bounce-foreign", "bounce-forced", "bounce-cacheline",
    "kernel-direct",  "kernel-other"};

constexpr std::array<std::string_view, XSW_NR_CAUSES> causes{
    "none",           "no-space",   "too-large",     "misaligned",   "mask",
    "not-contiguous", "no-bounce",  "bad-address",   "bad-size",     "bad-direction",
    "needs-coherent", "not-mapped", "size-mismatch", "out-of-range", "device",
    "timeout",        "canceled",   "busy",          "limit",        "no-memory",
    "bad-handle",     "bad-value",  "fault",         "permission",   "no-device",
    "unsupported"};

template <size_t N>
std::optional<unsigned> find(const std::array<std::string_view, N> &names, std::string_view name) {
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end())
    return std::nullopt;
  return static_cast<unsigned>(at - names.begin());
}

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replace});
    }
  }
  return row[b.size()];
}

} // namespace

std::string_view reason_name(unsigned reason) {
  return reason < reasons.size() ? reasons[reason] : "?";
}

std::string_view cause_name(unsigned cause) { return cause < causes.size() ? causes[cause] : "?"; }

std::optional<unsigned> reason_by_name(std::string_view name) { return find(reasons, name); }
std::optional<unsigned> cause_by_name(std::string_view name) { return find(causes, name); }
std::span<const std::string_view> reason_names() { return reasons; }
std::span<const std::string_view> cause_names() { return causes; }

std::string_view nearest(std::string_view word, std::span<const std::string_view> words) {
  std::string_view best;
  size_t best_distance = std::max<size_t>(2, word.size() / 3) + 1;
  for (const auto candidate : words) {
    const size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string join(std::span<const std::string_view> words, std::string_view separator) {
  std::string text;
  for (const auto word : words) {
    if (!text.empty())
      text += separator;
    text += word;
  }
  return text;
}

} // namespace xsw
