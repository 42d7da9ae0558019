"""The gate before an import (architecture.md 6a)."""

import pytest

from bindery.domain.completeness import GateLook, decide, recheck_delay


def test_all_there_on_a_local_disk_passes_at_once() -> None:
    assert decide(GateLook(), None, looks=0, waited_s=0.0).verdict == "pass"


def test_a_network_mount_is_looked_at_twice() -> None:
    first = GateLook(fingerprint="a", look_twice=True, at_s=10.0)
    assert decide(first, None, looks=0, waited_s=0.0).code == "settling"
    early = GateLook(fingerprint="a", look_twice=True, at_s=12.0)
    assert decide(early, first, looks=0, waited_s=2.0).verdict == "again"
    later = GateLook(fingerprint="a", look_twice=True, at_s=15.0)
    assert decide(later, first, looks=0, waited_s=5.0).verdict == "pass"
    changed = GateLook(fingerprint="b", look_twice=True, at_s=15.0)
    assert decide(changed, first, looks=0, waited_s=5.0).verdict == "again"


def test_what_is_amiss_is_rechecked_for_ever() -> None:
    decision = decide(GateLook(code="partial_files"), None, looks=3, waited_s=599.0)
    assert (decision.verdict, decision.code, decision.attention) == (
        "again",
        "partial_files",
        False,
    )
    assert decide(GateLook(code="x"), None, looks=999, waited_s=600.0).attention
    assert decide(GateLook(), None, looks=0, waited_s=0.0, mapped=False).code == "path_not_mapped"


@pytest.mark.parametrize(
    ("looks", "seconds"), [(0, 5), (1, 5), (2, 10), (3, 20), (7, 300), (10**6, 300)]
)
def test_rechecks_slow_down(looks: int, seconds: float) -> None:
    assert recheck_delay(looks) == seconds
