"""What the rehearsals play on."""

from __future__ import annotations

from tests.cluster.rehearsals.theatre import NODES_PER_ZONE, ZONES, new_nodes


def test_a_name_of_a_node_is_used_once() -> None:
    names = [node["metadata"]["name"] for _ in range(3) for node in new_nodes("chat", [{"spec": {}}, {"spec": {}}])]
    assert len(names) == len(set(names)) == 3 * 2 * len(ZONES) * NODES_PER_ZONE
