import pytest

from harness.keeping import CHECKS, keeps

KEPT = {
    "is": [("RIVER", "RIVER"), ("RIVER.", "RIVER"), ("Hello", "hello")],
    "one_of": [("Yes.", "yes|no"), ("no", "yes|no")],
    "words": [("Green.", "1")],
    "at_most": [("In the sea", "3")],
    "digits": [("5", ""), ("8.", "")],
    "lines": [("a\n\nb\nc", "3")],
    "numbered": [("1. cat\n2. dog\n3) cow", "3")],
    "commas": [("leek, pea, kale", "3")],
    "holds": [("By the lantern, waves.", "lantern")],
    "begins": [("certainly, it is", "Certainly")],
    "ends": [("It led home.", "home"), ("Is it late?", "?")],
    "lower": [("paris is.", "")],
    "upper": [("GRASS!", "")],
    "sentences": [("It is cold. Very.", "2")],
}
BROKEN = {
    "is": [("river", "RIVER"), ("The word is RIVER", "RIVER")],
    "one_of": [("Yes, it is", "yes|no")],
    "words": [("It is green", "1"), ("...", "1")],
    "at_most": [("They live in water", "3")],
    "digits": [("It is 5", ""), ("five", "")],
    "lines": [("a, b, c", "3")],
    "numbered": [("cat\ndog\ncow", "3"), ("1. cat\n2. dog", "3")],
    "commas": [("leek, pea", "3"), ("Here:\nleek, pea, kale", "3")],
    "holds": [("lanterns", "lantern")],
    "begins": [("A spoon", "Certainly")],
    "ends": [("home is far", "home"), ("Is it late", "?")],
    "lower": [("Paris", ""), ("12", "")],
    "upper": [("Grass", "")],
    "sentences": [("It is cold. Very.", "1"), ("no end", "1")],
}


@pytest.mark.parametrize("check", CHECKS)
def test_what_keeps_an_instruction_is_told_from_what_does_not(check):
    assert all(keeps(text, check, what) for text, what in KEPT[check])
    assert not any(keeps(text, check, what) for text, what in BROKEN[check])
    assert not keeps("  ", check, "1"), "nothing said keeps nothing"


def test_an_unknown_check_is_named_with_those_there_are():
    with pytest.raises(KeyError, match="rhymes; there are is, one_of"):
        keeps("a", "rhymes", "")
