"""How an exercise is tested: right answers pass, and typical wrong ones get a hint."""

from dataclasses import dataclass, field

from ch335_helpers.exercises import check, numbers_of


@dataclass
class Case:
    """Answers to one exercise.

    Attributes
    ----------
    right : list
        Answers that must be accepted, that of the page's solution first.
    wrong : list of (answer, str)
        At least two typical wrong answers, each with a part of the hint that it must
        get and that no other one gets.
    """

    right: list
    wrong: list = field(default_factory=list)


def hold(page, cases):
    """Assert that a page's exercises judge these cases as they should."""
    assert list(cases) == numbers_of(page)
    for number, case in cases.items():
        assert case.right and len(case.wrong) >= 2, number
        for answer in case.right:
            verdict = check(number, answer)
            assert verdict, verdict
        texts = []
        for answer, hint in case.wrong:
            verdict = check(number, answer)
            assert not verdict, (number, answer)
            assert hint in verdict.text, verdict
            texts.append(verdict.text)
        assert len(set(texts)) == len(texts), f"{number}: each mistake has its own hint"
