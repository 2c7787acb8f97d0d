/* Records what a program does to the files of one folder, and fails on order.
 *
 * Preloaded in front of the C library. Every open, write, truncation, sync,
 * rename and removal below $RECORD_DIR goes through one lock, is done, and is
 * appended to $RECORD_LOG, so that the order in the log is the order on the disk.
 * A power cut can then be replayed at any place of the log.
 *
 * Writing a line to the file "control" in the folder is an order to this library:
 *   fail AT COUNT ERRNO   the AT-th call from now on fails, and COUNT more behind it
 *   slow MS               every sync takes so long
 *   count                 a record of kind N tells the number of calls since the last order
 *
 * A record: kind, length of the path, offset, length of the data (all little
 * endian, 1 2 8 4 bytes), path, data.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define FDS 4096
static char paths[FDS][256];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static const char *dir;
static long fail_at = -1, fail_count, calls, slow_ms;
static int fail_errno = EIO;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void put(char kind, const char *path, uint64_t offset, const void *data, uint32_t length);

static int start(void) {
    if (dir) return *dir != 0;
    dir = getenv("RECORD_DIR");
    if (!dir) dir = "";
    const char *log = getenv("RECORD_LOG");
    if (log) log_fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return *dir != 0;
}

static int below(const char *path) {
    return start() && path && strncmp(path, dir, strlen(dir)) == 0;
}

/* Shared memory of the write-ahead log is rebuilt from it and holds nothing itself;
 * ballast is megabytes of zeros. */
static int counts(const char *path) {
    size_t n = strlen(path);
    return !(n > 4 && strcmp(path + n - 4, "-shm") == 0)
        && !(n > 7 && strcmp(path + n - 7, "ballast") == 0);
}

static const char *base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void put(char kind, const char *path, uint64_t offset, const void *data, uint32_t length) {
    if (log_fd < 0) return;
    const char *name = path + strlen(dir);
    uint16_t n = strlen(name);
    size_t total = 15 + n + length;
    char *record = malloc(total);
    record[0] = kind;
    memcpy(record + 1, &n, 2);
    memcpy(record + 3, &offset, 8);
    memcpy(record + 11, &length, 4);
    memcpy(record + 15, name, n);
    if (length) memcpy(record + 15 + n, data, length);
    for (size_t done = 0; done < total;) {
        long wrote = syscall(SYS_write, log_fd, record + done, total - done);
        if (wrote <= 0) abort();
        done += wrote;
    }
    free(record);
}

/* Whether this call shall fail. */
static int fails(const char *path) {
    const char *name = base(path);
    if (!strcmp(name, "control") || !strcmp(name, "marks")) return 0;
    long now = calls++;
    if (fail_at >= 0 && now >= fail_at && now <= fail_at + fail_count) {
        errno = fail_errno;
        return 1;
    }
    return 0;
}

static void order(const char *text, size_t length) {
    char line[128] = {0};
    memcpy(line, text, length < 127 ? length : 127);
    long at, count; int number;
    if (sscanf(line, "fail %ld %ld %d", &at, &count, &number) == 3) {
        fail_at = at; fail_count = count; fail_errno = number; calls = 0;
    }
    sscanf(line, "slow %ld", &slow_ms);
    if (!strncmp(line, "count", 5)) put('N', dir, calls, NULL, 0);
}

static const char *path_of(int fd) {
    return fd >= 0 && fd < FDS && paths[fd][0] ? paths[fd] : NULL;
}

static int opened(int fd, const char *path, int flags) {
    if (fd >= 0 && fd < FDS) {
        paths[fd][0] = 0;
        if (below(path) && counts(path)) {
            strncpy(paths[fd], path, 255);
            if (flags & (O_CREAT | O_TRUNC)) put(flags & O_TRUNC ? 'T' : 'C', path, 0, NULL, 0);
        }
    }
    return fd;
}

#define OPEN(name)                                                         \
    int name(const char *path, int flags, ...) {                           \
        mode_t mode = 0;                                                   \
        if (flags & (O_CREAT | O_TMPFILE)) {                               \
            va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); \
        }                                                                  \
        if (!below(path) || !counts(path)) return opened(REAL(name)(path, flags, mode), path, 0); \
        pthread_mutex_lock(&lock);                                         \
        int fd = fails(path) ? -1 : opened(REAL(name)(path, flags, mode), path, flags); \
        int error = errno;                                                 \
        pthread_mutex_unlock(&lock);                                       \
        errno = error;                                                     \
        return fd;                                                         \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    if (fd >= 0 && fd < FDS) paths[fd][0] = 0;
    return REAL(close)(fd);
}

static ssize_t write_at(int fd, const void *data, size_t length, off64_t offset, int moves) {
    const char *path = path_of(fd);
    if (!path) {
        return moves ? syscall(SYS_write, fd, data, length) : syscall(SYS_pwrite64, fd, data, length, offset);
    }
    pthread_mutex_lock(&lock);
    ssize_t wrote = -1;
    if (!strcmp(base(path), "control")) {
        order(data, length);
        wrote = length;
    } else if (!fails(path)) {
        if (moves) {
            int append = fcntl(fd, F_GETFL) & O_APPEND;
            offset = lseek64(fd, 0, append ? SEEK_END : SEEK_CUR);
            wrote = syscall(SYS_write, fd, data, length);
        } else {
            wrote = syscall(SYS_pwrite64, fd, data, length, offset);
        }
        if (wrote > 0) put('W', path, offset, data, wrote);
    }
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return wrote;
}

ssize_t write(int fd, const void *data, size_t length) { return write_at(fd, data, length, 0, 1); }
ssize_t pwrite(int fd, const void *data, size_t length, off_t at) { return write_at(fd, data, length, at, 0); }
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at) { return write_at(fd, data, length, at, 0); }

static int synced(int fd, int number) {
    const char *path = path_of(fd);
    if (!path) return syscall(number, fd);
    if (slow_ms) {
        struct timespec rest = {slow_ms / 1000, slow_ms % 1000 * 1000000};
        nanosleep(&rest, NULL);
    }
    pthread_mutex_lock(&lock);
    int result = -1;
    if (!fails(path)) {
        /* The replay decides what was durable; really syncing would only take time. */
        result = 0;
        put('S', path, 0, NULL, 0);
    }
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

static int truncated(int fd, off64_t length) {
    const char *path = path_of(fd);
    if (!path) return syscall(SYS_ftruncate, fd, length);
    pthread_mutex_lock(&lock);
    int result = -1;
    if (!fails(path)) {
        result = syscall(SYS_ftruncate, fd, length);
        if (result == 0) put('L', path, length, NULL, 0);
    }
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int ftruncate(int fd, off_t length) { return truncated(fd, length); }
int ftruncate64(int fd, off64_t length) { return truncated(fd, length); }

int fallocate64(int fd, int mode, off64_t offset, off64_t length) {
    const char *path = path_of(fd);
    int result = syscall(SYS_fallocate, fd, mode, offset, length);
    if (path && result == 0) {
        pthread_mutex_lock(&lock);
        put('E', path, offset + length, NULL, 0);
        pthread_mutex_unlock(&lock);
    }
    return result;
}
int fallocate(int fd, int mode, off_t offset, off_t length) { return fallocate64(fd, mode, offset, length); }
int posix_fallocate64(int fd, off64_t offset, off64_t length) { return fallocate64(fd, 0, offset, length) ? errno : 0; }
int posix_fallocate(int fd, off_t offset, off_t length) { return fallocate64(fd, 0, offset, length) ? errno : 0; }

int unlink(const char *path) {
    if (!below(path) || !counts(path)) return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    pthread_mutex_lock(&lock);
    int result = -1;
    if (!fails(path)) {
        result = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
        if (result == 0) put('U', path, 0, NULL, 0);
    }
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int rename(const char *from, const char *to) {
    if (!below(from) || !counts(from)) return syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
    pthread_mutex_lock(&lock);
    int result = -1;
    if (!fails(from)) {
        result = syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
        const char *name = to + strlen(dir);
        if (result == 0) put('R', from, 0, name, strlen(name));
    }
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}
