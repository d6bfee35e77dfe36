"""Is a change better than its baseline? Accept, reject, or inconclusive yet."""

from custom.gate.decision import gate, holm
from custom.gate.difference import SeedNoise
from custom.gate.policy import GatePolicy
from custom.gate.verdict import ACCEPT, CANNOT_TELL, INCONCLUSIVE, REJECT, Change, Verdict
from custom.runs import Evidence

__all__ = [
    "ACCEPT",
    "CANNOT_TELL",
    "INCONCLUSIVE",
    "REJECT",
    "Change",
    "Evidence",
    "GatePolicy",
    "SeedNoise",
    "Verdict",
    "gate",
    "holm",
]
