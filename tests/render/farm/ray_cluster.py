"""A Ray cluster in a process of its own: its client has threads, and a test process with threads cannot be forked.

    python -m tests.render.farm.ray_cluster

Says its address, then does what stdin says (``add`` a node, ``kill`` the last one) and confirms each; ends with stdin.
"""

from __future__ import annotations

import subprocess
import sys

from tests.render.runs import ROOT


class RayCluster:
    """The cluster, from outside. Raises RuntimeError where Ray does not start."""

    def __init__(self) -> None:
        words = [sys.executable, "-m", "tests.render.farm.ray_cluster"]
        self._process = subprocess.Popen(
            words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8"
        )
        self.address = self._answer()

    def add_node(self) -> None:
        """One more node, of one CPU."""
        self._order("add")

    def kill_node(self) -> None:
        """End the last node that was added, without a word to it."""
        self._order("kill")

    def close(self) -> None:
        """End the cluster."""
        self._process.communicate(timeout=60)

    def _order(self, word: str) -> None:
        assert self._process.stdin is not None
        print(word, file=self._process.stdin, flush=True)
        self._answer()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("cluster "):
                return line.split()[1]
        raise RuntimeError(f"the process of the cluster ended with status {self._process.wait()}")


def main() -> None:
    from ray.cluster_utils import Cluster

    notice = {
        "health_check_initial_delay_ms": 0,
        "health_check_period_ms": 500,
        "health_check_timeout_ms": 500,
        "health_check_failure_threshold": 4,
    }
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False, "_system_config": notice})
    print("cluster", cluster.address, flush=True)
    nodes = []
    for line in sys.stdin:
        if line.strip() == "add":
            nodes.append(cluster.add_node(num_cpus=1))
        else:
            cluster.remove_node(nodes.pop(), allow_graceful=False)
        print("cluster done", flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    main()
