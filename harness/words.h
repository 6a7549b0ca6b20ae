// SPDX-License-Identifier: GPL-2.0
// Names of the ABI's enumerations, as the kernel log, job files and reports spell them.
#pragma once

#include "xswiotlb.h"
#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace xsw {

std::string_view reason_name(unsigned reason);
std::string_view cause_name(unsigned cause);

std::optional<unsigned> reason_by_name(std::string_view name);
std::optional<unsigned> cause_by_name(std::string_view name);

// What somebody who wrote @word most likely meant; empty when nothing is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> words);

// "a, b, c"
std::string join(std::span<const std::string_view> words, std::string_view separator = ", ");

std::span<const std::string_view> reason_names();
std::span<const std::string_view> cause_names();

} // namespace xsw
