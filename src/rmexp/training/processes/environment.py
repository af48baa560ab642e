"""Processes that rmexp or SLURM has started, as Lightning asks about them.

Lightning's own answer for SLURM refuses `srun --ntasks`, takes a script of sbatch's for one of several processes, and
puts a job in line again with a checkpoint of its own, from which no run here goes on.
"""

import os

from lightning.fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning.fabric.plugins.environments.lightning import LightningEnvironment

from rmexp.hardware.processes import Process
from rmexp.hardware.slurm import meeting_point


def environments(process: Process) -> list[ClusterEnvironment]:
    """What Lightning's trainer is told about the processes of a run; nothing where it finds torchrun's itself.

    Args:
        process: this one.
    """
    if process.port is not None:
        return [StartedProcesses(process)]
    if "RANK" in os.environ:
        return []
    return [LightningEnvironment() if process.count == 1 else StepOfSlurm(process)]


class StartedProcesses(ClusterEnvironment):
    """All on this machine, their numbers as they were given.

    Args:
        process: this one.
    """

    def __init__(self, process: Process) -> None:
        super().__init__()
        self.process = process

    @property
    def creates_processes_externally(self) -> bool:
        """Lightning starts none."""
        return True

    @property
    def main_address(self) -> str:
        """Where the first one listens."""
        return "127.0.0.1"

    @property
    def main_port(self) -> int:
        """And on which port."""
        assert self.process.port is not None
        return self.process.port

    @staticmethod
    def detect() -> bool:
        """It is never found, only given."""
        return False

    def world_size(self) -> int:
        """Number of processes."""
        return self.process.count

    def set_world_size(self, size: int) -> None:
        """Nothing: it is known."""

    def global_rank(self) -> int:
        """Number of this process, from 0."""
        return self.process.number

    def set_global_rank(self, rank: int) -> None:
        """Nothing: it is known."""

    def local_rank(self) -> int:
        """The same, on the one machine."""
        return self.process.number

    def node_rank(self) -> int:
        """Number of the machine."""
        return 0


class StepOfSlurm(StartedProcesses):
    """Those of one call of srun, on any number of machines."""

    @property
    def main_address(self) -> str:
        """Where the first one listens."""
        return meeting_point()[0]

    @property
    def main_port(self) -> int:
        """And on which port."""
        return meeting_point()[1]

    def local_rank(self) -> int:
        """Number of this process on its machine."""
        return int(os.environ["SLURM_LOCALID"])

    def node_rank(self) -> int:
        """Number of the machine."""
        return int(os.environ["SLURM_NODEID"])
