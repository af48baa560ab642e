"""How threads that compute together wait for each other, which is to be said before torch is loaded."""

import os

from rmexp.hardware.processors import processors

TRIES = "1000"  # some 20 microseconds, about what it costs to be woken


def wait_asleep() -> None:
    """Where more programs run than there are processors, let threads sleep soon that wait for the others.

    OpenMP of GNU, which torch comes with on Linux, has them look for milliseconds. On a busy machine they take that
    time from the thread that they wait for, at each of thousands of operations a second; on a quiet one being woken
    costs a fifth of a step. What the environment says already (OMP_WAIT_POLICY, GOMP_SPINCOUNT) stays.
    """
    if "OMP_WAIT_POLICY" not in os.environ and os.getloadavg()[0] > processors():
        os.environ.setdefault("GOMP_SPINCOUNT", TRIES)
