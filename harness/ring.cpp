// SPDX-License-Identifier: GPL-2.0
#include "ring.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

namespace xsw {
namespace {

constexpr size_t command_bytes = 80;

Error ring_error(const char *what, int err, const char *advice = "") {
  return Error{.what = what,
               .device = "io_uring",
               .err = err,
               .cause = XSW_CAUSE_NONE,
               .advice = advice,
               .exit = err == ENOSYS || err == EPERM || err == EINVAL ? Exit::environment
                                                                      : Exit::device};
}

} // namespace

void Ring::Exit::operator()(io_uring *ring) const {
  io_uring_queue_exit(ring);
  delete ring; // NOLINT(cppcoreguidelines-owning-memory): this is the deleter
}

Result<Ring> Ring::create(unsigned entries, int fd, bool sqpoll) {
  // What the kernel lacks is left out, the newest flags first.
  constexpr std::array<unsigned, 3> tries{IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
                                          IORING_SETUP_COOP_TASKRUN, 0};
  constexpr std::array<unsigned, 1> polled{IORING_SETUP_SQPOLL};
  int rc = 0;
  for (const unsigned flags : sqpoll ? std::span<const unsigned>(polled) : tries) {
    auto raw = std::make_unique<io_uring>();
    io_uring_params params{};
    params.flags = flags | IORING_SETUP_SQE128;
    params.sq_thread_idle = 100; // ms
    rc = io_uring_queue_init_params(entries, raw.get(), &params);
    if (rc == -EINVAL)
      continue;
    if (rc < 0)
      break;
    Ring ring{std::unique_ptr<io_uring, Exit>(raw.release())};
    rc = io_uring_register_files(ring.ring_.get(), &fd, 1);
    if (rc < 0)
      return tl::unexpected(ring_error("registering the device file", -rc));
    return ring;
  }
  return tl::unexpected(ring_error("creating a ring", -rc,
                                   "the kernel must have io_uring with 128 byte entries (5.19 or "
                                   "later, kernel.io_uring_disabled=0); submit=ioctl needs none"));
}

Result<void> Ring::register_buffers(std::span<const std::span<std::byte>> buffers) {
  std::vector<iovec> vectors;
  vectors.reserve(buffers.size());
  for (const auto buffer : buffers)
    vectors.push_back({buffer.data(), buffer.size()});
  const int rc =
      io_uring_register_buffers(ring_.get(), vectors.data(), static_cast<unsigned>(vectors.size()));
  if (rc < 0)
    return tl::unexpected(ring_error("registering buffers", -rc, "see ulimit -l"));
  return {};
}

bool Ring::queue(uint32_t cmd, const void *op, size_t size, uint64_t user_data, int fixed) {
  io_uring_sqe *sqe = io_uring_get_sqe(ring_.get());
  if (!sqe)
    return false;
  std::memset(static_cast<void *>(sqe), 0, 128);
  sqe->opcode = IORING_OP_URING_CMD;
  sqe->flags = IOSQE_FIXED_FILE;
  sqe->fd = 0;
  sqe->cmd_op = cmd;
  sqe->user_data = user_data;
  if (fixed >= 0) {
    sqe->uring_cmd_flags = IORING_URING_CMD_FIXED;
    sqe->buf_index = static_cast<uint16_t>(fixed);
  }
  std::memcpy(&sqe->cmd[0], op, std::min(size, command_bytes));
  return true;
}

int Ring::submit(unsigned wait) {
  for (;;) {
    const int rc = io_uring_submit_and_wait(ring_.get(), wait);
    if (rc >= 0)
      return 0;
    if (rc != -EINTR)
      return rc;
  }
}

int Ring::call(uint32_t cmd, const void *op, size_t size, int fixed) {
  if (!queue(cmd, op, size, 0, fixed))
    return -EBUSY;
  int result = -EIO;
  for (;;) {
    const int rc = submit(1);
    if (rc < 0)
      return rc;
    if (reap([&](uint64_t, int res) { result = res; }))
      return result;
  }
}

} // namespace xsw
