"""More real data sets for `bench.verdicts`: cheap rungs beside each other.

They ask what holding answers to a schema does (and there, what training does beside it), and what
reading documents does in English and in Turkish; but for the schema's set nothing is trained.
"""

from collections.abc import Callable
from pathlib import Path

from bench.verdict_sets import READS, SORTING, Given, drawn, lines, only, xquad

CHEAP = ("prompt", "few_shot", "searched_prompt", "constrained")
ASKING = ("prompt", "few_shot", "searched_prompt", "rag")


def _snips(folder: Path) -> Given:
    train, test = (
        drawn(only(lines(folder / f"{part}.jsonl"), "text", "json"), n)
        for part, n in (("train", 400), ("test", 100))
    )
    return Given(
        train,
        test,
        "json",
        "Take the request to a voice assistant apart: its intent and the values of its slots.",
        settings='schema = "schema.json"',
        rungs=(*CHEAP, "finetune"),
        expected="free answers are seldom JSON, held ones always; training brings the values",
        answers={**SORTING, "main_failure": "form", "output_format": "form_breaks"},
    )


def _xquad_tr(folder: Path) -> Given:
    given = xquad(folder, "tr", "Soruyu metnin sözcükleriyle, olabildiğince kısa yanıtla.")
    expected = "passages are found as in English; an English model reads them badly"
    return given._replace(rungs=ASKING, expected=expected)


def _debian(folder: Path) -> Given:
    rows = drawn(only(lines(folder / "faq.jsonl"), "question", "answer"), 119)
    return Given(
        rows,
        (),
        "answer",
        "Answer the question about Debian.",
        sorted((folder / "docs").glob("*.en.html")),
        rungs=ASKING,
        expected="retrieval above prompt: long answers that stand in the pages",
        answers={**READS, "main_failure": "facts", "voice": "little"},
    )


def _dbank(folder: Path) -> Given:
    rows = [
        *only(lines(folder / "faq.jsonl"), "question", "answer"),
        *only(lines(folder / "qa_paraphrased.jsonl"), "question", "answer"),
    ]
    return Given(
        rows,
        (),
        "answer",
        "Bankanın müşterisinin sorusunu kısaca yanıtla.",
        sorted((folder / "docs").iterdir()),
        rungs=ASKING,
        expected="retrieval above everything; far too few rows to claim more",
        answers={**READS, "main_failure": "facts", "examples": "under_50"},
    )


MORE: dict[str, Callable[[Path], Given]] = {
    "snips": _snips,
    "xquad_tr": _xquad_tr,
    "debian": _debian,
    "dbank": _dbank,
}
MORE_FOLDERS = {
    "snips": "snips_intent_json",
    "xquad_tr": "xquad_en_tr",
    "debian": "debian_faq",
    "dbank": "dbank_faq_tr",
}
