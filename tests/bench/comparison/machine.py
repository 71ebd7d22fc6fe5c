"""What the kernel says of processes: CPU time and memory; and of this machine."""

import os
import pathlib
import platform
import resource


def children_cpu_seconds():
    """Of the children that have ended: the load generators."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def resident_bytes(pid):
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def prioritise(pid, nice):
    """Where the kernel groups processes by session, it weighs the groups and not the processes."""
    os.setpriority(os.PRIO_PROCESS, pid, nice)
    group = pathlib.Path(f"/proc/{pid}/autogroup")
    if group.exists():
        group.write_text(str(nice))


def description():
    return f"{os.cpu_count()} CPUs, {platform.system()} {platform.machine()}"
