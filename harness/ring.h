// SPDX-License-Identifier: GPL-2.0
// An io_uring for uring_cmd: 128 byte entries, one registered file, registered buffers.
// Made, used and ended by one thread.
#pragma once

#include "error.h"
#include <cstddef>
#include <cstdint>
#include <liburing.h>
#include <memory>
#include <span>

namespace xsw {

class Ring {
public:
  // @fd becomes the one file that all operations go to. With @sqpoll a thread of the kernel's takes
  // what is queued, without a call into it.
  static Result<Ring> create(unsigned entries, int fd, bool sqpoll = false);

  // Registered buffer @index of an operation with XSW_F_FIXED is the one at that place of @buffers.
  Result<void> register_buffers(std::span<const std::span<std::byte>> buffers);

  // Queues one operation; false when the ring is full.
  bool queue(uint32_t cmd, const void *op, size_t size, uint64_t user_data, int fixed = -1);
  // Hands over what is queued and waits until @wait completions are there. 0 or -errno.
  int submit(unsigned wait);

  // Calls seen(user_data, res) for each completion that is there; returns how many.
  template <class Seen> unsigned reap(Seen &&seen) {
    unsigned head;
    unsigned count = 0;
    io_uring_cqe *cqe;
    io_uring_for_each_cqe(ring_.get(), head, cqe) {
      seen(cqe->user_data, cqe->res);
      ++count;
    }
    io_uring_cq_advance(ring_.get(), count);
    return count;
  }

  // One operation on an idle ring, from queueing to completion: what ioctl() returns, or -errno.
  int call(uint32_t cmd, const void *op, size_t size, int fixed = -1);

private:
  struct Exit {
    void operator()(io_uring *ring) const;
  };
  explicit Ring(std::unique_ptr<io_uring, Exit> ring) : ring_(std::move(ring)) {}

  std::unique_ptr<io_uring, Exit> ring_;
};

} // namespace xsw
