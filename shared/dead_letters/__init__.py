"""Dead letters: `letter` is one of them, `queue` lists them and sends them on their way again."""

from shared.dead_letters.letter import DeadLetter, DeadLetterFilter, ReplayReport
from shared.dead_letters.queue import DeadLetters

__all__ = ["DeadLetter", "DeadLetterFilter", "DeadLetters", "ReplayReport"]
