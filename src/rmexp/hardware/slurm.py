"""What SLURM tells a process that srun has started with others: its place, and where they all meet."""

import os
import re
from collections.abc import Mapping

FIRST_PORT, PORTS = 15000, 15000  # below those that systems hand out themselves
STEPS_APART = 1009  # steps of one job run side by side, and jobs that follow each other, too


def meeting_point(environ: Mapping[str, str] | None = None) -> tuple[str, int]:
    """Host and port at which the first process of a step listens; `MASTER_ADDR` and `MASTER_PORT` come first.

    Args:
        environ: of a process of the step; None for the real one.

    >>> meeting_point({"SLURM_STEP_NODELIST": "gpu[08-10,12],cpu1", "SLURM_JOB_ID": "70", "SLURM_STEP_ID": "1"})
    ('gpu08', 16079)
    """
    known = os.environ if environ is None else environ
    port = int(known.get("SLURM_JOB_ID") or 0) + STEPS_APART * int(known.get("SLURM_STEP_ID") or 0)
    host = known.get("MASTER_ADDR") or first_host(known.get("SLURM_STEP_NODELIST") or "127.0.0.1")
    return host, int(known.get("MASTER_PORT") or FIRST_PORT + port % PORTS)


def first_host(hosts: str) -> str:
    """The first of hosts as SLURM writes them.

    >>> first_host("node[3-5]-ib,other"), first_host("a,b"), first_host("rack[1-2]node[07,9]")
    ('node3-ib', 'a', 'rack1node07')
    """
    first = re.match(r"(?:[^,\[]|\[[^\]]*\])*", hosts)
    assert first is not None
    return re.sub(r"\[([^\],-]*)[^\]]*\]", r"\1", first[0])
