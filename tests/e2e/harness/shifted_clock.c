/* To be preloaded (LD_PRELOAD): this process's wall clock is so many milliseconds ahead as the file
 * CLOCK_SHIFT_FILE says, now; its other clocks are not touched. libfaketime does the same for more
 * programs, but not for one whose malloc asks for the time, as redis-server's does: what stands here
 * allocates nothing. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long shift_ms(void) {
  char text[32] = {0};
  const char* path = getenv("CLOCK_SHIFT_FILE");
  const int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  const ssize_t size = read(file, text, sizeof(text) - 1);
  close(file);
  return size > 0 ? atol(text) : 0;
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  const long result = syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    const long long ns = now->tv_nsec + shift_ms() * 1000000LL;
    const long long seconds = ns >= 0 ? ns / 1000000000 : -((999999999 - ns) / 1000000000);
    now->tv_sec += seconds;
    now->tv_nsec = ns - seconds * 1000000000;
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
