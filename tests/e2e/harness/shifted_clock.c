/* To be preloaded (LD_PRELOAD): this process's wall clock is so many seconds ahead as the file
 * CLOCK_SHIFT_FILE says, now; its other clocks are not touched. libfaketime does the same for more
 * programs, but not for those whose malloc is jemalloc, such as redis-server: jemalloc asks for the time
 * while libfaketime starts (github.com/wolfcw/libfaketime/issues/130). This library allocates nothing. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NANOSECONDS 1000000000LL

static long long shift_ns(void) {
  char text[32] = {0};
  const char* path = getenv("CLOCK_SHIFT_FILE");
  const int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  const ssize_t size = read(file, text, sizeof(text) - 1);
  close(file);
  return size > 0 ? (long long)(atof(text) * NANOSECONDS) : 0;
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  const long result = syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    const long long shifted_ns = now->tv_sec * NANOSECONDS + now->tv_nsec + shift_ns();
    now->tv_sec = shifted_ns / NANOSECONDS;
    now->tv_nsec = shifted_ns % NANOSECONDS;
  }
  return (int)result;
}

int gettimeofday(struct timeval* now, void* zone) {
  struct timespec exact;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* now) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (now != NULL) *now = exact.tv_sec;
  return exact.tv_sec;
}
