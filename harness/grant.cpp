// SPDX-License-Identifier: GPL-2.0
#include "grant.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <vector>

// gntdev.h names these and defines them nowhere.
using grant_ref_t = uint32_t;
using domid_t = uint16_t;
#include <xen/gntalloc.h>
#include <xen/gntdev.h>

namespace xsw {
namespace {

constexpr size_t page = 4096;

// A file of /dev/xen, closed with this object.
class File {
public:
  static Result<File> open(const char *path) {
    const int fd = ::open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
      return tl::unexpected(error(errno, path, "opening", Exit::environment));
    return File(fd, path);
  }
  File(File &&other) noexcept : fd_(std::exchange(other.fd_, -1)), path_(other.path_) {}
  File &operator=(File &&) = delete;
  ~File() {
    if (fd_ >= 0)
      close(fd_);
  }

  template <class Op> Result<void> issue(unsigned long command, Op *op, const char *what) const {
    if (ioctl(fd_, command, op))
      return tl::unexpected(error(errno, path_, what, Exit::device));
    return {};
  }
  Result<Memory> map(size_t bytes, uint64_t offset) const {
    return Memory::of_file(fd_, path_, bytes, offset);
  }

private:
  File(int fd, const char *path) : fd_(fd), path_(path) {}
  static Error error(int err, const char *path, const char *what, Exit exit) {
    return Error{.what = what,
                 .device = path,
                 .err = err,
                 .cause = XSW_CAUSE_NONE,
                 .advice =
                     "placement=foreign-grant is for Xen's dom0 with the modules xen-gntalloc "
                     "and xen-gntdev, and not for PVH",
                 .exit = exit};
  }

  int fd_;
  const char *path_;
};

// A structure that ends in an array of one: room for @count of them.
template <class Op, class Element> class Tailed {
public:
  explicit Tailed(size_t count)
      : storage_((sizeof(Op) + count * sizeof(Element)) / sizeof(std::max_align_t) + 1) {}
  Op *get() { return reinterpret_cast<Op *>(storage_.data()); }

private:
  std::vector<std::max_align_t> storage_;
};

} // namespace

Result<Grant> grant_to_self(size_t bytes) {
  const size_t count = (bytes + page - 1) / page;
  auto allocator = File::open("/dev/xen/gntalloc");
  if (!allocator)
    return tl::unexpected(allocator.error());
  auto mapper = File::open("/dev/xen/gntdev");
  if (!mapper)
    return tl::unexpected(mapper.error());

  Tailed<ioctl_gntalloc_alloc_gref, uint32_t> grant(count);
  grant.get()->flags = GNTALLOC_FLAG_WRITABLE;
  grant.get()->count = static_cast<uint32_t>(count);
  if (auto done = allocator->issue(IOCTL_GNTALLOC_ALLOC_GREF, grant.get(), "granting pages"); !done)
    return tl::unexpected(done.error());
  auto own = allocator->map(count * page, grant.get()->index);
  if (!own)
    return tl::unexpected(own.error());

  Tailed<ioctl_gntdev_map_grant_ref, ioctl_gntdev_grant_ref> map(count);
  map.get()->count = static_cast<uint32_t>(count);
  for (size_t i = 0; i < count; ++i)
    map.get()->refs[i].ref = grant.get()->gref_ids[i];
  if (auto done = mapper->issue(IOCTL_GNTDEV_MAP_GRANT_REF, map.get(), "naming grants"); !done)
    return tl::unexpected(done.error());
  auto foreign = mapper->map(count * page, map.get()->index);
  if (!foreign)
    return tl::unexpected(foreign.error());
  return Grant{std::move(*own), std::move(*foreign)};
}

} // namespace xsw
