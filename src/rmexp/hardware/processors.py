"""How many processors are meant for this process."""

import os


def processors() -> int:
    """Those that it may run on, or as many as the environment variable OMP_NUM_THREADS allows.

    Launchers that run several processes side by side set it to their share.
    """
    all_of_them = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    allowed = os.environ.get("OMP_NUM_THREADS", "")
    return min(all_of_them, int(allowed)) if allowed.isdecimal() and int(allowed) else all_of_them
