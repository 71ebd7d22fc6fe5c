/* To be preloaded (LD_PRELOAD): this process's wall clock is so many seconds ahead as the file
 * CLOCK_SHIFT_FILE says, within a millisecond of its change; its other clocks are not touched. What
 * waits until a time by that clock (pthread_cond_timedwait, a futex) waits as long as it would where
 * the kernel's clock were as wrong.
 *
 * libfaketime does the same for more programs, but not for those whose malloc is jemalloc, such as
 * redis-server: jemalloc asks for the time while libfaketime starts
 * (github.com/wolfcw/libfaketime/issues/130). This library allocates nothing. For glibc. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NANOSECONDS 1000000000LL
/* How long what the file said is believed. */
#define FRESH_NS 1000000LL
/* In glibc's __wrefs: the condition variable waits by CLOCK_MONOTONIC. */
#define BY_MONOTONIC_CLOCK 2U

/* `syscall` itself is replaced below. */
static long kernel(long number, long a, long b, long c, long d, long e, long f) {
#if defined(__x86_64__)
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result = 0;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = number;
  register long result __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0"
                   : "+r"(result)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory");
#else
#error "the system call of this processor is missing here"
#endif
  if (result < 0 && result >= -4095) {
    errno = (int)-result;
    return -1;
  }
  return result;
}

static long long in_ns(const struct timespec* time) {
  return time->tv_sec * NANOSECONDS + time->tv_nsec;
}

static struct timespec from_ns(long long ns) {
  struct timespec time = {ns / NANOSECONDS, ns % NANOSECONDS};
  return time;
}

static int clock_of_kernel(clockid_t clock, struct timespec* now) {
  return (int)kernel(SYS_clock_gettime, clock, (long)now, 0, 0, 0, 0);
}

static long long read_shift_ns(void) {
  char text[32] = {0};
  const char* path = getenv("CLOCK_SHIFT_FILE");
  const int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  const ssize_t size = read(file, text, sizeof(text) - 1);
  close(file);
  return size > 0 ? (long long)(atof(text) * NANOSECONDS) : 0;
}

static long long shift_ns(void) {
  static atomic_llong shift, read_at;
  struct timespec now;
  clock_of_kernel(CLOCK_MONOTONIC, &now);
  if (in_ns(&now) - atomic_load(&read_at) > FRESH_NS) {
    atomic_store(&shift, read_shift_ns());
    atomic_store(&read_at, in_ns(&now));
  }
  return atomic_load(&shift);
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  const int result = clock_of_kernel(clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    *now = from_ns(in_ns(now) + shift_ns());
  }
  return result;
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

/* jemalloc's background threads wait so. */
int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                           const struct timespec* until) {
  typedef int (*Wait)(pthread_cond_t*, pthread_mutex_t*, const struct timespec*);
  static _Atomic(Wait) next;
  Wait wait = atomic_load(&next);
  if (wait == NULL) {
    wait = (Wait)dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    atomic_store(&next, wait);
  }
  if ((condition->__data.__wrefs & BY_MONOTONIC_CLOCK) != 0) return wait(condition, mutex, until);
  const struct timespec real = from_ns(in_ns(until) - shift_ns());
  return wait(condition, mutex, &real);
}

/* Abseil's mutexes, and with them gRPC's timers, wait by a futex and CLOCK_REALTIME. */
long syscall(long number, ...) {
  va_list list;
  va_start(list, number);
  long a[6];
  for (int i = 0; i < 6; ++i) a[i] = va_arg(list, long);
  va_end(list);
  struct timespec real;
  if (number == SYS_futex && (a[1] & FUTEX_CLOCK_REALTIME) != 0 && a[3] != 0) {
    real = from_ns(in_ns((const struct timespec*)a[3]) - shift_ns());
    a[3] = (long)&real;
  }
  return kernel(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
