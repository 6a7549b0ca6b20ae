// SPDX-License-Identifier: GPL-2.0
#include "model.h"

#include <gtest/gtest.h>

namespace xsw {
namespace {

std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> result;
  for (const int value : values)
    result.push_back(static_cast<std::byte>(value));
  return result;
}

TEST(Model, DeviceSeesWhatWasMapped) {
  const MappingModel model(XSW_TO_DEVICE, bytes({1, 2, 3}));
  EXPECT_EQ(model.device(1, 2)[0], std::byte{2});
  EXPECT_TRUE(model.device_may_read());
  EXPECT_FALSE(model.device_may_write());
}

TEST(Model, BytesTheDeviceDidNotWriteSurvive) {
  MappingModel model(XSW_FROM_DEVICE, bytes({1, 2, 3, 4}));
  model.device_writes(1, bytes({9, 8}));
  model.unmap();
  EXPECT_FALSE(model.compare(bytes({1, 9, 8, 4})));
  const auto bad = model.compare(bytes({1, 9, 8, 5}));
  ASSERT_TRUE(bad);
  EXPECT_EQ(bad->offset, 3U);
  EXPECT_EQ(bad->expected, 4);
  EXPECT_EQ(bad->got, 5);
}

TEST(Model, UnsyncedBytesMayBeEitherAndOthersMayNot) {
  MappingModel model(XSW_BIDIRECTIONAL, bytes({1, 2, 3, 4}));
  model.device_writes(1, bytes({9, 8}));
  EXPECT_FALSE(model.synced(0, 2));
  EXPECT_TRUE(model.synced(3, 1));
  EXPECT_FALSE(model.compare(bytes({1, 2, 3, 4})));
  EXPECT_FALSE(model.compare(bytes({1, 9, 8, 4})));
  EXPECT_TRUE(model.compare(bytes({7, 9, 8, 4})));
}

TEST(Model, PartialSyncCopiesItsRangeOnly) {
  MappingModel model(XSW_FROM_DEVICE, bytes({1, 2, 3, 4}));
  model.device_writes(0, bytes({9, 8, 7, 6}));
  model.sync_for_cpu(1, 2);
  EXPECT_TRUE(model.synced(1, 2));
  EXPECT_FALSE(model.synced(0, 1));
  EXPECT_FALSE(model.compare(bytes({1, 8, 7, 4})));
  EXPECT_TRUE(model.compare(bytes({1, 2, 7, 4})));
}

TEST(Model, CpuWritesReachTheDeviceAndKeepWhatItWroteElsewhere) {
  MappingModel model(XSW_BIDIRECTIONAL, bytes({1, 2, 3, 4}));
  model.device_writes(3, bytes({9}));
  model.cpu_writes(0, bytes({5}));
  EXPECT_EQ(model.device(0, 1)[0], std::byte{5});
  EXPECT_EQ(model.device(3, 1)[0], std::byte{9});
  model.unmap();
  EXPECT_FALSE(model.compare(bytes({5, 2, 3, 9})));
  EXPECT_TRUE(model.compare(bytes({5, 2, 3, 4})));
}

TEST(Model, ToDeviceIsNeverCopiedBack) {
  MappingModel model(XSW_TO_DEVICE, bytes({1, 2}));
  model.unmap();
  EXPECT_FALSE(model.compare(bytes({1, 2})));
  EXPECT_TRUE(model.compare(bytes({1, 3})));
}

} // namespace
} // namespace xsw
