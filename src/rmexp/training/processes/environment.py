"""Processes that the first of a run has started itself, as Lightning asks about them."""

from lightning.fabric.plugins.environments.cluster_environment import ClusterEnvironment

from rmexp.hardware.processes import Process


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
