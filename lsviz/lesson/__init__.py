"""What every lesson does with its learner: predict before seeing, answer, be corrected by one's own run, break the claim.

>>> here = lesson.header(3)
>>> here.pick("3-margin", "A point below the margin is …", right="…", why="…", wrong={"…": "its own hint"})
"""

from lsviz.lesson.answers import Answers
from lsviz.lesson.curves import falls_at, rises_at, vanishes_at
from lsviz.lesson.page import Lesson, cards, header

__all__ = ["Answers", "Lesson", "cards", "falls_at", "header", "rises_at", "vanishes_at"]
