"""What a process holds, and what it does with memory that it no longer needs."""

import ctypes
import os
import resource
import sys

TRIM, MAPPED = -1, -3  # glibc's M_TRIM_THRESHOLD and M_MMAP_THRESHOLD
KEPT = (1 << 28, 1 << 25)  # bytes; glibc before 2.35 takes no more than the second
SAID = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_", "GLIBC_TUNABLES", "LD_PRELOAD")


def peak_memory_mb() -> float:
    """The most memory that this process has held, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / 1024 if sys.platform != "darwin" else peak / 1024**2, 1)


def keep_freed() -> bool:
    """Keep memory of up to 256 MiB a piece for what is computed next, rather than give it back to the system.

    Operations on a processor need the same pieces again and again, and the system clears each page that it gives. The
    most that a process holds stays the same. Where the environment says something of the allocator, it is left alone.

    Returns:
        Whether that was set; it can be with glibc alone.
    """
    if any(name in os.environ for name in SAID) or not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return any(mallopt(MAPPED, size) for size in KEPT) and bool(mallopt(TRIM, KEPT[0]))
