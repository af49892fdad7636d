/* A disk that fails: writes to the database, and the waiting for them, are refused from the n-th on, with an error of choice,
 * while the control file is there. It holds "ERRNO N". Loaded before the C library, by a test that compiles it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_database(int fd) {
    char name[32], path[512];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(name, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, "guestlist.db") != NULL;
}

static int refuses(int fd) {
    static atomic_long since, done;
    const char *control = getenv("TEST_FAILING_DISK");
    struct stat found;
    if (control == NULL || stat(control, &found) != 0 || !is_database(fd)) return 0;
    FILE *file = fopen(control, "r");
    if (file == NULL) return 0;
    int error = EIO;
    long room = 0;
    int read = fscanf(file, "%d %ld", &error, &room);
    fclose(file);
    if (read != 2) return 0;
    /* A control file of its own for every try: the count begins anew. */
    long stamp = found.st_mtim.tv_sec * 1000000000L + found.st_mtim.tv_nsec;
    if (atomic_exchange(&since, stamp) != stamp) atomic_store(&done, 0);
    if (atomic_fetch_add(&done, 1) < room) return 0;
    errno = error;
    return 1;
}

typedef ssize_t (*writing)(int, const void *, size_t);
typedef ssize_t (*placing)(int, const void *, size_t, off64_t);
typedef int (*waiting)(int);

ssize_t write(int fd, const void *bytes, size_t count) {
    return refuses(fd) ? -1 : ((writing)dlsym(RTLD_NEXT, "write"))(fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    return refuses(fd) ? -1 : ((placing)dlsym(RTLD_NEXT, "pwrite64"))(fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    return refuses(fd) ? -1 : ((placing)dlsym(RTLD_NEXT, "pwrite64"))(fd, bytes, count, at);
}

int fsync(int fd) { return refuses(fd) ? -1 : ((waiting)dlsym(RTLD_NEXT, "fsync"))(fd); }

int fdatasync(int fd) { return refuses(fd) ? -1 : ((waiting)dlsym(RTLD_NEXT, "fdatasync"))(fd); }
