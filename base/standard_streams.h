// Standard input, output and error as a program may rely on them.
#ifndef KACHE_BASE_STANDARD_STREAMS_H_
#define KACHE_BASE_STANDARD_STREAMS_H_

namespace kache {

// Opens those that the process was started without as /dev/null. Else the first socket or event
// that it opens would get the number of standard error, and log lines. Called by main, first of
// all.
void OpenStandardStreams();

}  // namespace kache

#endif  // KACHE_BASE_STANDARD_STREAMS_H_
