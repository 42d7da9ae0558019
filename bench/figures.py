"""Figures, the table that shows them, and the stored baseline they are compared with."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

BASELINE = Path(__file__).with_name("baseline.json")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. Without `target` it is only told; `better` says in which direction."""

    workload: str
    name: str
    value: float
    unit: str
    target: float | None = None
    better: Literal["less", "more"] = "less"

    @property
    def key(self) -> str:
        """The name under which a baseline keeps it."""
        return f"{self.workload}: {self.name}"

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None:
            return None
        return self.value <= self.target if self.better == "less" else self.value >= self.target


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies; raises IndexError without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def table(figures: Sequence[Figure], baseline: dict[str, float]) -> str:
    """One line per figure: value, unit, target, met, ratio to the baseline (below 1 is better)."""
    wide = max([len(figure.key) for figure in figures], default=20)
    lines = [f"{'figure':<{wide}}  {'value':>10}  {'unit':<6} {'target':>10}  met  ratio"]
    for figure in figures:
        sign = "<=" if figure.better == "less" else ">="
        target = "" if figure.target is None else f"{sign} {_short(figure.target)}"
        met = {None: "", True: "yes", False: "NO"}[figure.met]
        lines.append(
            f"{figure.key:<{wide}}  {_short(figure.value):>10}  {figure.unit:<6} {target:>10}"
            f"  {met:<3}  {ratio(figure, baseline):>5}"
        )
    return "\n".join(lines)


def ratio(figure: Figure, baseline: dict[str, float]) -> str:
    """How much worse than the baseline: above 1 is worse, whatever the direction."""
    before = baseline.get(figure.key)
    if not before or not figure.value:
        return ""
    return f"{figure.value / before if figure.better == 'less' else before / figure.value:.2f}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"


def load_baseline() -> dict[str, float]:
    """The stored figures by key; empty when there are none."""
    if not BASELINE.exists():
        return {}
    return msgspec.json.decode(BASELINE.read_bytes(), type=dict[str, float])


def save_baseline(figures: Sequence[Figure]) -> None:
    """Store these figures; those of workloads that did not run stay."""
    kept = {**load_baseline(), **{figure.key: round(figure.value, 4) for figure in figures}}
    text = msgspec.json.format(msgspec.json.encode(dict(sorted(kept.items()))), indent=2)
    BASELINE.write_bytes(text + b"\n")


def machine() -> str:
    """What the figures were measured on."""
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, load {load:.1f} when it began"
