// SPDX-License-Identifier: GPL-2.0
#include "commands.h"

#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <nlohmann/json.hpp>

namespace xsw {
namespace {

// What a document is told of it did not choose: a kernel's command line may hold any bytes.
TEST(Output, BytesThatAreNoTextAreReplaced) {
  Output output;
  output.json = true;
  output.file = ::testing::TempDir() + "xswiotlb-output.json";
  const auto written = output.write([] { return std::string(); },
                                    [] {
                                      return nlohmann::json("a\xff"
                                                            "b");
                                    });
  ASSERT_TRUE(written) << written.error().text();
  std::ifstream file(output.file);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(text, "\"a\xef\xbf\xbd"
                  "b\"\n");
  std::remove(output.file.c_str());
}

} // namespace
} // namespace xsw
