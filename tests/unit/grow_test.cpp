// SPDX-License-Identifier: GPL-2.0
// Pools that grow when they are full and give back what is idle; areas of several nodes.
#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include "internals.h"
#include "world.hpp"

namespace xsw {
namespace {

constexpr u64 kMore = 64 * KiB;

// A pool of one area of 64 KiB that may grow by two of the same size, which are elsewhere.
class Grow : public ::testing::Test {
protected:
  Grow() {
    xsw_seam = {};
    env_.ops = &ops_;
    const xsw_extent first = extent(0, kFirst);
    EXPECT_EQ(xsw_pool_create(&first, 1, 1, &env_.pool), 0);
    const xsw_pool_more more{2, kMore, [](void *arg) { ++*static_cast<std::atomic<int> *>(arg); },
                             &full_};
    EXPECT_EQ(xsw_pool_may_grow(env_.pool, &more), 0);
  }
  ~Grow() override {
    EXPECT_EQ(xsw_pool_destroy(env_.pool), 0U);
    xsw_seam = {};
  }
  xsw_extent extent(size_t i, u64 machine, u64 size = kMore) {
    return {memory_.at(i).data(), 0x1'0000'0000 + i * 2 * kMore, machine, size, 0};
  }
  int add(size_t i, u64 machine, u64 size = kMore) {
    const xsw_extent ext = extent(i, machine, size);
    return xsw_pool_add(env_.pool, &ext);
  }
  int map(size_t size, dma_addr_t *dma) {
    xsw_mapped m;
    const int ret = xsw_map(&env_, &dev_, reinterpret_cast<uintptr_t>(source_.data()), size,
                            DMA_BIDIRECTIONAL, 0, &m);
    *dma = m.dma;
    cause_ = m.cause;
    return ret;
  }
  int unmap(dma_addr_t dma, size_t size) {
    return xsw_unmap(&env_, &dev_, dma, size, DMA_BIDIRECTIONAL, 0, &cause_);
  }
  xsw_pool_info info() const {
    xsw_pool_info info;
    xsw_pool_get_info(env_.pool, &info);
    return info;
  }

  static constexpr u64 kFirst = 0x4000'0000;
  std::array<Bytes, 4> memory_{Bytes(kMore), Bytes(kMore), Bytes(kMore), Bytes(kMore)};
  Bytes source_ = pattern(kMore, 1);
  xsw_env_ops ops_{};
  xsw_env env_{};
  xsw_dev dev_ = bouncing_device();
  xsw_cause cause_ = XSW_CAUSE_NONE;
  std::atomic<int> full_ = 0;
};

TEST_F(Grow, AddedMemoryIsUsedAndGivenBack) {
  dma_addr_t first, second, none;
  ASSERT_EQ(map(kMore, &first), 0);
  ASSERT_EQ(map(kMore, &none), -ENOMEM);
  EXPECT_EQ(cause_, XSW_CAUSE_NO_SPACE);
  EXPECT_EQ(full_, 1);

  // Below the first: it is found all the same, and its bytes are there.
  ASSERT_EQ(add(1, kFirst - 4 * kMore), 0);
  EXPECT_EQ(info().slots, 2 * kMore / kSlot);
  ASSERT_EQ(map(kMore, &second), 0);
  EXPECT_EQ(second, kFirst - 4 * kMore);
  EXPECT_EQ(memory_[1], source_);
  EXPECT_EQ(info().used, 2 * kMore / kSlot);
  EXPECT_EQ(xsw_pool_remove(env_.pool, second), -EBUSY);

  const Bytes written = pattern(kMore, 2);
  std::copy(written.begin(), written.end(), memory_[1].begin());
  EXPECT_EQ(unmap(second, kMore), 1);
  EXPECT_EQ(source_, written);
  EXPECT_EQ(xsw_pool_remove(env_.pool, second), 0);
  EXPECT_EQ(info().slots, kMore / kSlot);
  // What was there is memory like any other now.
  EXPECT_EQ(unmap(second, kMore), 0);
  EXPECT_EQ(unmap(first, kMore), 1);
  EXPECT_EQ(info().used, 0U);
  EXPECT_EQ(info().hiwater, 2 * kMore / kSlot);
}

TEST_F(Grow, OnlyWhatWouldHelpIsAskedFor) {
  dma_addr_t dma;
  EXPECT_EQ(map(kMore + 1, &dma), -EIO);
  EXPECT_EQ(cause_, XSW_CAUSE_TOO_LARGE);
  EXPECT_EQ(full_, 0);
}

// One of the added areas would be as long as the mapping, but not from where its mask has it start.
TEST_F(Grow, WhatOneMoreHasNoPlaceForIsNotAskedFor) {
  xsw_pool_destroy(env_.pool);
  const xsw_extent first{memory_[0].data(), 0x1'0000'0000, kFirst, kMore, 0};
  ASSERT_EQ(xsw_pool_create(&first, 1, 1, &env_.pool), 0);
  constexpr u64 kLess = kMore / 4;
  const xsw_pool_more more{2, kLess, [](void *arg) { ++*static_cast<std::atomic<int> *>(arg); },
                           &full_};
  ASSERT_EQ(xsw_pool_may_grow(env_.pool, &more), 0);
  dma_addr_t all;
  ASSERT_EQ(map(kMore, &all), 0);
  dev_.min_align_mask = 4095;
  xsw_mapped m;
  const auto page = (reinterpret_cast<uintptr_t>(source_.data()) + 4095) / 4096 * 4096;
  EXPECT_EQ(xsw_map(&env_, &dev_, page + 2 * KiB, kLess - KiB, DMA_TO_DEVICE, 0, &m), -ENOMEM);
  EXPECT_EQ(m.cause, XSW_CAUSE_NO_SPACE);
  EXPECT_EQ(full_, 0);
  EXPECT_EQ(xsw_map(&env_, &dev_, page + 2 * KiB, kLess - 2 * KiB, DMA_TO_DEVICE, 0, &m), -ENOMEM);
  EXPECT_EQ(full_, 1) << "from there to its end";
  // A mask that is wider than an area: there is no telling.
  dev_.min_align_mask = 2 * kMore - 1;
  const Bytes wide(2 * kMore);
  const auto start = reinterpret_cast<uintptr_t>(wide.data()) + 2 * kMore - 1;
  EXPECT_EQ(xsw_map(&env_, &dev_, start / (2 * kMore) * (2 * kMore), 1, DMA_TO_DEVICE, 0, &m),
            -ENOMEM);
  EXPECT_EQ(full_, 2);
  dev_.min_align_mask = 0;
  EXPECT_EQ(unmap(all, kMore), 1);
}

TEST_F(Grow, AClosedAreaIsOpenedElsewhere) {
  dma_addr_t first, dma;
  ASSERT_EQ(map(kMore, &first), 0);
  for (const u64 machine : {kFirst + 2 * kMore, kFirst - 2 * kMore, kFirst + 8 * kMore}) {
    ASSERT_EQ(add(1, machine), 0);
    ASSERT_EQ(map(1000, &dma), 0);
    EXPECT_EQ(dma, machine);
    EXPECT_EQ(unmap(dma, 999), -EINVAL);
    EXPECT_EQ(cause_, XSW_CAUSE_SIZE_MISMATCH);
    EXPECT_EQ(unmap(dma, 1000), 1);
    ASSERT_EQ(xsw_pool_remove(env_.pool, machine), 0);
    // Hot runs must not outlive the memory.
    EXPECT_EQ(map(1000, &dma), -ENOMEM);
  }
  EXPECT_EQ(unmap(first, kMore), 1);
}

// A map makes pages hot after it has released the lock: the area may be closed by then.
TEST_F(Grow, NothingIsHotInAClosedArea) {
  ASSERT_EQ(add(1, kFirst + 4 * kMore), 0);
  EXPECT_TRUE(pool_heat(env_.pool, 1, 2));
  ASSERT_EQ(xsw_pool_remove(env_.pool, kFirst + 4 * kMore), 0);
  EXPECT_FALSE(pool_heat(env_.pool, 1, 2));
  // Nothing of it is taken where it is opened next.
  dma_addr_t first, all;
  ASSERT_EQ(add(1, kFirst + 8 * kMore), 0);
  ASSERT_EQ(map(kMore, &first), 0);
  ASSERT_EQ(map(kMore, &all), 0);
  EXPECT_EQ(unmap(all, kMore), 1);
  EXPECT_EQ(unmap(first, kMore), 1);
}

TEST_F(Grow, WhatDoesNotFitIsRefused) {
  EXPECT_EQ(add(1, kFirst + kMore / 2), -EINVAL) << "overlaps";
  EXPECT_EQ(add(1, kFirst + 4 * kMore, kMore / 2), -EINVAL) << "another size";
  EXPECT_EQ(add(1, kFirst + 4 * kMore + 1), -EINVAL) << "not aligned";
  EXPECT_EQ(xsw_pool_remove(env_.pool, kFirst), -ENOENT) << "that was there from the start";
  EXPECT_EQ(xsw_pool_remove(env_.pool, kFirst + 4 * kMore), -ENOENT);
  const xsw_pool_more more{1, kMore, nullptr, nullptr};
  EXPECT_EQ(xsw_pool_may_grow(env_.pool, &more), -EINVAL) << "twice";
  ASSERT_EQ(add(1, kFirst + 4 * kMore), 0);
  ASSERT_EQ(add(2, kFirst + 8 * kMore), 0);
  EXPECT_EQ(add(3, kFirst + 12 * kMore), -ENOSPC);
  EXPECT_EQ(info().nr_areas, 3U);
}

TEST_F(Grow, WithoutMemoryNothingHasChanged) {
  int left = 0;
  static int *counter;
  counter = &left;
  xsw_seam.alloc = [](size_t) { return (*counter)-- > 0; };
  int failures = 0;
  for (;; failures++) {
    left = failures;
    const int ret = add(1, kFirst + 4 * kMore);
    if (!ret)
      break;
    ASSERT_EQ(ret, -ENOMEM);
    EXPECT_EQ(info().nr_areas, 1U);
  }
  EXPECT_GT(failures, 5);
  xsw_seam.alloc = nullptr;

  const xsw_extent alone = extent(2, kFirst + 8 * kMore);
  xsw_pool *pool = nullptr;
  ASSERT_EQ(xsw_pool_create(&alone, 1, 1, &pool), 0);
  const xsw_pool_more more{2, kMore, nullptr, nullptr};
  xsw_seam.alloc = [](size_t) { return (*counter)-- > 0; };
  for (left = 0; left < 2; left++) {
    const int before = left;
    EXPECT_EQ(xsw_pool_may_grow(pool, &more), -ENOMEM) << "allocation " << before;
    left = before;
  }
  left = 2;
  EXPECT_EQ(xsw_pool_may_grow(pool, &more), 0);
  xsw_seam.alloc = nullptr;
  EXPECT_EQ(xsw_pool_destroy(pool), 0U);
}

// What has been taken in an area and not been counted yet, or no longer, keeps it where it is, and
// what is mapped in one is found: its account is frozen all the time here.
TEST_F(Grow, WhatNobodyHasCountedKeepsAnArea) {
  dma_addr_t all;
  ASSERT_EQ(map(kMore, &all), 0);
  xsw_seam_preempt_one_in = 3;
  std::atomic<bool> stop = false;
  std::atomic<int> maps = 0, wrong = 0;
  int removed = 0, written = 0;
  {
    const std::jthread mapper([&] {
      const Bytes mine = pattern(4 * KiB, 5);
      while (!stop) {
        xsw_mapped m;
        xsw_cause cause;
        if (xsw_map(&env_, &dev_, reinterpret_cast<uintptr_t>(mine.data()), mine.size(),
                    DMA_TO_DEVICE, 0, &m) != 0)
          continue;
        maps++;
        wrong += xsw_unmap(&env_, &dev_, m.dma, mine.size(), DMA_TO_DEVICE, 0, &cause) != 1;
      }
    });
    const std::jthread marker([&] {
      while (!stop)
        xsw_pool_reset_hiwater(env_.pool);
    });
    for (int i = 0; i < 100 || (!maps && i < 100'000); i++) {
      if (add(1, kFirst + 4 * kMore)) {
        ADD_FAILURE() << "the memory can not be added";
        break;
      }
      std::this_thread::yield();
      int tries = 0;
      while (xsw_pool_remove(env_.pool, kFirst + 4 * kMore) == -EBUSY && ++tries < 1'000'000)
        std::this_thread::yield();
      if (tries == 1'000'000)
        break; // what was mapped there got lost
      removed++;
      // It is anybody's memory now.
      std::fill(memory_[1].begin(), memory_[1].end(), u8{0xee});
      std::this_thread::yield();
      written += std::any_of(memory_[1].begin(), memory_[1].end(), [](u8 b) { return b != 0xee; });
    }
    stop = true;
  }
  xsw_seam_preempt_one_in = 0;
  EXPECT_GE(removed, 100);
  EXPECT_EQ(written, 0) << "after the memory had been given back";
  EXPECT_EQ(wrong, 0) << "unmaps found nothing";
  EXPECT_GT(maps, 0);
  EXPECT_EQ(unmap(all, kMore), 1);
  EXPECT_EQ(info().used, 0U);
}

// Threads that fill it never see memory that has been taken away, whatever comes and goes.
TEST_F(Grow, AreasComeAndGoUnderMappings) {
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0, mapped_in_added = 0;
  const auto worker = [&](unsigned int n) {
    const OnCpu cpu(static_cast<int>(n));
    std::mt19937_64 rng(n);
    Bytes mine = pattern(8 * KiB, n);
    std::vector<std::pair<dma_addr_t, size_t>> live;
    bool all = false;
    while (!stop) {
      const size_t size = 1 + rng() % mine.size();
      xsw_mapped m;
      xsw_cause cause;
      if (xsw_map(&env_, &dev_, reinterpret_cast<uintptr_t>(mine.data()), size, DMA_TO_DEVICE, 0,
                  &m) == 0) {
        mapped_in_added += m.dma >= kFirst + kMore;
        live.emplace_back(m.dma, size);
      }
      // All of them, so that an area is empty now and then.
      while (!live.empty() && (live.size() > 9 || m.dma == DMA_MAPPING_ERROR || all)) {
        all = live.size() > 1;
        wrong += xsw_unmap(&env_, &dev_, live.back().first, live.back().second, DMA_TO_DEVICE, 0,
                           &cause) != 1;
        live.pop_back();
      }
      // An address that may be nobody's any more: refused, or no memory of the pool at all.
      wrong += xsw_unmap(&env_, &dev_, kFirst + 4 * kMore + 100, 7, DMA_TO_DEVICE, 0, &cause) == 1;
    }
    for (const auto &[dma, size] : live) {
      xsw_cause cause;
      wrong += xsw_unmap(&env_, &dev_, dma, size, DMA_TO_DEVICE, 0, &cause) != 1;
    }
  };
  std::vector<std::jthread> threads;
  for (unsigned int n = 0; n < 3; n++)
    threads.emplace_back(worker, n);
  // As often as it takes until somebody has met an added area, if nobody soon does.
  for (int i = 0; i < 60 || (!mapped_in_added && i < 100'000); i++) {
    const u64 machine = kFirst + (4 + 4 * (i % 3)) * kMore;
    ASSERT_EQ(add(1, machine), 0);
    std::this_thread::yield();
    while (xsw_pool_remove(env_.pool, machine) == -EBUSY)
      std::this_thread::yield();
  }
  stop = true;
  threads.clear();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(mapped_in_added, 0);
  EXPECT_EQ(info().used, 0U);
}

// More of what it does not reach would not help it.
TEST_F(Grow, NotForWhoReachesOnlyAPart) {
  dma_addr_t first, none;
  dev_.dma_mask = kFirst + kMore / 2 - 1;
  ASSERT_EQ(map(kMore / 2, &first), 0);
  EXPECT_EQ(map(kMore / 2, &none), -ENOMEM);
  EXPECT_EQ(cause_, XSW_CAUSE_NO_SPACE);
  EXPECT_EQ(full_, 0);
  dev_.dma_mask = kFirst + kMore - 1;
  EXPECT_EQ(map(kMore, &none), -ENOMEM);
  EXPECT_EQ(full_, 1);
  EXPECT_EQ(unmap(first, kMore / 2), 1);
}

// It can go again, so a device that needs it, or one that it is too high for, is not told of it.
TEST_F(Grow, WhatWasAddedIsNotPromised) {
  ASSERT_EQ(add(1, kFirst - 4 * kMore), 0);
  ASSERT_EQ(add(2, kFirst + 4 * kMore), 0);
  xsw_dev dev = bouncing_device();
  dev.dma_mask = kFirst - 1;
  EXPECT_EQ(xsw_max_mapping_size(&env_, &dev, true), 0U);
  EXPECT_FALSE(xsw_pool_reachable(&env_, &dev));
  dev.dma_mask = kFirst + kMore - 1;
  EXPECT_EQ(xsw_max_mapping_size(&env_, &dev, true), kMore);
  EXPECT_TRUE(xsw_pool_reachable(&env_, &dev));
  EXPECT_EQ(xsw_pool_remove(env_.pool, kFirst - 4 * kMore), 0);
  EXPECT_EQ(xsw_pool_remove(env_.pool, kFirst + 4 * kMore), 0);
}

// Who looks up an area while those before it come and go finds it.
TEST_F(Grow, AreasBeforeItComeAndGoUnderALookUp) {
  dma_addr_t all, held; // which has its place between two others
  ASSERT_EQ(map(kMore, &all), 0);
  ASSERT_EQ(add(1, kFirst - 2 * kMore), 0);
  ASSERT_EQ(map(1000, &held), 0);
  ASSERT_EQ(held, kFirst - 2 * kMore);
  xsw_seam_preempt_one_in = 3;
  std::atomic<bool> stop = false;
  std::atomic<int> looked = 0, lost = 0;
  {
    const std::jthread reader([&] {
      while (!stop) {
        xsw_cause cause;
        lost += xsw_sync(&env_, &dev_, held, 1000, DMA_BIDIRECTIONAL, true, &cause) != 1;
        looked++;
      }
    });
    for (int i = 0; i < 300 || looked < 300; i++) {
      EXPECT_EQ(add(2, kFirst - 4 * kMore), 0);
      EXPECT_EQ(xsw_pool_remove(env_.pool, kFirst - 4 * kMore), 0);
    }
    stop = true;
  }
  xsw_seam_preempt_one_in = 0;
  EXPECT_EQ(lost, 0);
  EXPECT_EQ(unmap(held, 1000), 1);
  EXPECT_EQ(unmap(all, kMore), 1);
}

// CPUs 0 and 2 are near the first extent, 1 and 3 near the second, others near none.
TEST(Nodes, ACpuTriesItsOwnFirst) {
  xsw_seam = {};
  xsw_seam.node = [](unsigned int cpu) { return cpu < 4 ? static_cast<int>(cpu % 2) : 7; };
  std::array<Bytes, 2> memory{Bytes(8 * MiB), Bytes(4 * MiB)};
  const xsw_extent ext[] = {{memory[0].data(), 0x1'0000'0000, 0x4000'0000, 8 * MiB, 0},
                            {memory[1].data(), 0x2'0000'0000, 0x8000'0000, 4 * MiB, 1}};
  xsw_env_ops ops{};
  xsw_env env{&ops, nullptr};
  ASSERT_EQ(xsw_pool_create(ext, 2, 3, &env.pool), 0);
  const xsw_dev dev = bouncing_device();
  Bytes source(4 * MiB);
  const auto map = [&](int cpu, size_t size) {
    const OnCpu on(cpu);
    xsw_mapped m;
    xsw_map(&env, &dev, reinterpret_cast<uintptr_t>(source.data()), size, DMA_TO_DEVICE, 0, &m);
    return m.dma;
  };
  const auto unmap = [&](dma_addr_t dma, size_t size) {
    xsw_cause cause;
    EXPECT_EQ(xsw_unmap(&env, &dev, dma, size, DMA_TO_DEVICE, 0, &cause), 1);
  };
  const dma_addr_t at0 = map(0, 4096), at1 = map(1, 4096), at2 = map(2, 4096), at3 = map(3, 4096);
  EXPECT_EQ(at0, 0x4000'0000U);
  EXPECT_EQ(at2, 0x4040'0000U) << "the node's other area is for its other CPU";
  EXPECT_EQ(at1, 0x8000'0000U);
  EXPECT_EQ(at3 & ~dma_addr_t{4 * MiB - 1}, 0x8000'0000U);
  const auto info = [&](int node) {
    xsw_pool_info of;
    xsw_pool_get_node_info(env.pool, node, &of);
    return of;
  };
  EXPECT_EQ(info(0).slots, 16384U);
  EXPECT_EQ(info(0).used, 16U);
  EXPECT_EQ(info(1).slots, 8192U);
  EXPECT_EQ(info(1).used, 16U);
  EXPECT_EQ(info(2).slots, 0U);
  // With no room in its own area, the other one of the node; then any.
  const dma_addr_t all0 = map(0, 4 * MiB - 4096), all2 = map(0, 4 * MiB - 4096);
  EXPECT_EQ(all0, 0x4000'1000U);
  EXPECT_EQ(all2, 0x4040'1000U);
  const dma_addr_t far = map(0, 4096);
  EXPECT_EQ(far & ~dma_addr_t{4 * MiB - 1}, 0x8000'0000U);
  const dma_addr_t any = map(9, 4096);
  EXPECT_NE(any, DMA_MAPPING_ERROR);
  for (const dma_addr_t dma : {at0, at1, at2, at3, far, any})
    unmap(dma, 4096);
  unmap(all0, 4 * MiB - 4096);
  unmap(all2, 4 * MiB - 4096);
  EXPECT_EQ(xsw_pool_destroy(env.pool), 0U);
  xsw_seam = {};
}

} // namespace
} // namespace xsw
